"""Three weeks in 放牛坪村: who did what so many days ago, how the office heard of it, and what was fetched from the shop."""

from typing import NamedTuple


class Deed(NamedTuple):
    """Something done so many days `ago` by the rule of the village's list, told by the person or through a grid worker."""

    ago: int
    who: str
    rule: str
    said: str
    how: str = "self"
    quantity: int = 1
    outcome: str = "approved"
    why: str = ""


class Order(NamedTuple):
    """Something ordered so many days `ago`, and `fetched` at once unless it still waits."""

    ago: int
    who: str
    what: str
    fetched: bool = True


# By the time it is revoked its points have been spent, so that the household owes some of them.
REVOKED = Deed(16, "周大勇", "XF-01", "儿子的婚事只办了六桌")

DEEDS = [
    Deed(20, "王德明", "ZC-03", "在院坝会上提议修排水沟"),
    Deed(20, "周桂芳", "XF-05", "坝坝舞八点半准时收场"),
    Deed(19, "刘兰英", "ZC-01", "到村委会说清了医保报销的办法", "visit"),
    Deed(19, "陈永红", "SX-05", "劝和了为田坎争吵的两家人"),
    Deed(19, "田万福", "HJ-05", "抽查时垃圾分得清清楚楚", "inspection"),
    Deed(18, "罗敏", "ZC-02", "给邻居讲清了助学贷款怎么办"),
    Deed(17, "王小军", "SX-02", "周六带队清理河沟", quantity=3),
    Deed(17, "陈永平", "ZC-01", "电话里答对了大病救助的问题", "phone"),
    REVOKED,
    Deed(16, "罗长贵", "XF-07", "全家一个月和邻里没有红过脸"),
    Deed(15, "杨素珍", "ZC-01", "会讲慢病卡怎么办", "visit"),
    Deed(15, "张碧琼", "XF-05", "提醒大家把音响关小", "visit"),
    Deed(14, "王德明", "SX-05", "调解两家争水的事"),
    Deed(13, "周桂芳", "ZC-04", "给院子里的人讲医保缴费"),
    Deed(13, "陈佳", "SX-02", "在便民服务中心帮老人填表", quantity=4),
    Deed(12, "罗小宝", "XF-02", "在学校和家里都光盘", "visit"),
    Deed(11, "王小军", "FZ-01", "参加柑橘修枝培训", quantity=2),
    Deed(10, "周大勇", "SX-02", "帮村里搬运防火物资", quantity=2),
    Deed(10, "罗长贵", "XF-05", "跳舞没有扰民", outcome="rejected", why="当晚有村民反映音量大，请核对日期"),
    Deed(9, "田万福", "SX-03", "赶场捡到钱包，交到村委会", "phone"),
    Deed(9, "张碧琼", "XF-02", "家里请客没有剩菜", "phone"),
    Deed(8, "刘兰英", "XF-02", "用餐不剩菜", "phone"),
    Deed(7, "罗敏", "FZ-01", "参加电商培训", quantity=3),
    Deed(6, "王德明", "ZC-04", "讲解高龄补贴怎么申请"),
    Deed(6, "陈永红", "ZC-04", "讲解养老保险缴费档次"),
    Deed(5, "杨素珍", "XF-07", "邻里和气，没有争吵", "visit"),
    Deed(4, "罗长贵", "SX-02", "为村里的路灯拉线", quantity=2),
    Deed(4, "陈佳", "ZC-02", "把教育资助政策讲给邻居听"),
    Deed(3, "王小军", "SX-02", "巡山护林", quantity=2),
    Deed(2, "陈永平", "SX-03", "捡到手机还给失主", "sms"),
    Deed(2, "田万福", "ZC-03", "在院坝会上提了两条意见", "visit"),
    Deed(1, "王德明", "SX-03", "把拾到的存折送回失主家"),
    Deed(1, "周桂芳", "SX-02", "打扫村里的文化广场"),
    Deed(0, "罗长贵", "ZC-04", "给邻居讲森林防火的规定", outcome="waits"),
    Deed(0, "刘兰英", "SX-05", "劝和了吵架的小两口", "phone", outcome="waits"),
    Deed(0, "陈佳", "SX-02", "教老人用手机缴费", quantity=2, outcome="waits"),
]
ORDERS = [
    Order(11, "罗敏", "毛巾 1 条"),
    Order(9, "王德明", "大米 5 公斤"),
    Order(9, "周桂芳", "毛巾 1 条", fetched=False),
    Order(7, "陈佳", "大米 5 公斤"),
    Order(6, "周桂芳", "复合肥 10 公斤"),
    Order(5, "罗长贵", "食用盐 2 包"),
    Order(2, "王小军", "理发一次"),
    Order(2, "周大勇", "洗衣粉 1 袋"),
    Order(0, "王德明", "食用盐 2 包", fetched=False),
]
# who did not check in so many days ago, though he does every day
FORGOTTEN = {"王小军": (10, 4)}
