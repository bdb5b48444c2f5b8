// Shows the API's document; validatorUrl null keeps Swagger UI from asking its maker's server.
const place = document.getElementById("docs");
SwaggerUIBundle({ url: place.dataset.document, domNode: place, validatorUrl: null, deepLinking: true });
