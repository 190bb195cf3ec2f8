"""Words in scripts without blanks, and emoji: the right line comes first and is an answer.

The default model knows few of these words, so exact words decide.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import ROOT

from indexer.notebook import Notebook

pytestmark = pytest.mark.slow

NOTES = {
    "园艺.md": """# 园艺笔记

## 番茄

- 番茄每三天浇一次水,早上浇最好
- 侧枝长到五厘米就要掐掉
- 鸡蛋壳磨成粉可以补钙
- 蚜虫多的时候喷肥皂水

## 堆肥

- 厨余和枯叶按一比三的比例混合
- 堆肥每周翻一次,防止发臭
- 蚯蚓喜欢咖啡渣

## 工具

- 剪刀用完擦干,涂一层油防锈
- 新手套放在车库的架子上
""",
    "旅行.md": """# 旅行计划

- 护照有效期到明年四月
- 京都的旅馆要提前三个月预订
- 行李箱密码写在钱包里
- 机场大巴从火车站南门出发

| 城市 | 天数 |
|---|---|
| 西安 | 三天 |
| 敦煌 | 两天 |
""",
    "料理メモ.md": """# 料理メモ

## 味噌汁

- 出汁は昆布と鰹節で取る
- 豆腐は最後に入れる
- 沸騰させると香りが飛ぶ

## カレー

- 玉ねぎは飴色になるまで炒める
- 隠し味にチョコレートを一かけら
- ルーは火を止めてから溶かす

## 道具

- 包丁は月に一度、砥石で研ぐ
- 鉄のフライパンは洗剤で洗わない
""",
    "仕事.md": """# 仕事の記録

- 会議は毎週火曜日の午前十時から
- 請求書は月末までに経理へ送る
- パスワードは九十日ごとに変更する
- プリンターの紙詰まりは後ろの蓋を開ける
- 田中さんの誕生日は六月十二日
""",
    "한국어.md": """# 살림 메모

- 김치는 냉장고 맨 아래 칸에 보관한다
- 세탁기 필터는 한 달에 한 번 청소한다
- 보일러 수리 기사는 화요일에 온다
- 쓰레기 분리수거는 목요일 저녁이다
- 할머니 생신은 음력 팔월 보름
""",
    "ไทย.md": """# บันทึกบ้าน

- รดน้ำต้นไม้ทุกเช้าก่อนแปดโมง
- เปลี่ยนไส้กรองเครื่องปรับอากาศทุกสามเดือน
- แมวกินยาวันละสองครั้ง
- จ่ายค่าไฟฟ้าก่อนวันที่สิบห้า
""",
    "emoji.md": """# Signs

- 🌵 in the window of the study
- 🚲 chain oil is under the stairs
- party on Saturday 🎂🎉
- the boiler was serviced ✅
- dentist 🦷 on Monday
- my favourite family picture 👨‍👩‍👧
- flag of the trip 🇯🇵
""",
}
# A question, and how the right line begins.
ASKED = [
    ("番茄", "番茄每三天"),
    ("蚜虫", "蚜虫"),
    ("肥皂水", "蚜虫"),
    ("堆肥", "堆肥每周"),
    ("蚯蚓", "蚯蚓"),
    ("咖啡渣", "蚯蚓"),
    ("剪刀", "剪刀"),
    ("防锈", "剪刀"),
    ("护照", "护照"),
    ("京都", "京都"),
    ("旅馆", "京都"),
    ("密码", "行李箱"),
    ("敦煌", "城市: 敦煌"),
    ("火车站", "机场"),
    ("鸡蛋壳", "鸡蛋"),
    ("手套", "新手套"),
    ("昆布", "出汁"),
    ("豆腐", "豆腐"),
    ("玉ねぎ", "玉ねぎ"),
    ("チョコレート", "隠し味"),
    ("ルー", "ルー"),
    ("包丁", "包丁"),
    ("砥石", "包丁"),
    ("フライパン", "鉄の"),
    ("請求書", "請求書"),
    ("会議", "会議"),
    ("田中さん", "田中"),
    ("紙詰まり", "プリンター"),
    ("パスワード", "パスワード"),
    ("誕生日", "田中"),
    ("隠し味", "隠し味"),
    ("火曜日", "会議"),
    ("김치", "김치"),
    ("세탁기", "세탁기"),
    ("보일러", "보일러"),
    ("분리수거", "쓰레기"),
    ("할머니", "할머니"),
    ("필터", "세탁기"),
    ("แมว", "แมว"),
    ("ค่าไฟฟ้า", "จ่าย"),
    ("เครื่องปรับอากาศ", "เปลี่ยน"),
    ("รดน้ำ", "รดน้ำ"),
    ("🌵", "🌵"),
    ("🚲", "🚲"),
    ("🎂", "party"),
    ("✅", "the boiler"),
    ("🦷", "dentist"),
    ("👨‍👩‍👧", "my fav"),
    ("🇯🇵", "flag"),
    ("护照什么时候过期?", "护照"),
    ("番茄多久浇一次水?", "番茄每三天"),
    ("包丁はいつ研ぐ?", "包丁"),
    ("請求書はどこに送る?", "請求書"),
    ("김치는 어디에 보관하나요?", "김치"),
    ("護照", "护照"),
]
ABSENT = [
    "冰箱",
    "滑雪",
    "相机",
    "電車",
    "自転車",
    "飛行機",
    "写真",
    "지하철",
    "자동차",
    "🐙",
    "猫の餌は?",
]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("scripts")
    for name, text in NOTES.items():
        (folder / name).write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEPOINT_CACHE", str(ROOT / ".cache"))
        with Notebook(folder, store=str(tmp_path_factory.mktemp("index"))) as made:
            made.build()
            yield made


@pytest.mark.parametrize(("question", "line"), ASKED)
def test_right_line_is_first_and_answers(notebook: Notebook, question: str, line: str) -> None:
    answer = notebook.search(question, points=True)
    assert answer.hits[0].text.startswith(line)
    assert answer.answered


@pytest.mark.parametrize("question", ABSENT)
def test_word_that_the_notes_lack_is_not_answered(notebook: Notebook, question: str) -> None:
    assert not notebook.search(question, points=True).answered
