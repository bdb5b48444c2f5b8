-- Rules for real: from when to when, per unit, and how often the members of a household together.

ALTER TABLE rule_versions
    ADD COLUMN per_household_month bigint,
    ADD COLUMN per_unit boolean NOT NULL DEFAULT false,
    ADD COLUMN in_force_from date,
    ADD COLUMN in_force_to date,
    ADD CONSTRAINT rule_versions_unit_check CHECK (NOT per_unit OR unit IS NOT NULL),
    ADD CONSTRAINT rule_versions_in_force_check CHECK (in_force_from <= in_force_to);
ALTER TABLE rule_versions ALTER COLUMN per_unit DROP DEFAULT;

-- How many units of the rule's measure were done: hours, kilograms; 1 where the rule counts times.
ALTER TABLE deeds
    ADD COLUMN quantity bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT deeds_quantity_check CHECK (quantity BETWEEN 1 AND 100);
