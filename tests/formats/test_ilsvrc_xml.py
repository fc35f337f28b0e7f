"""dnt_d2/formats/ilsvrc_xml.py: the XML of ILSVRC2015, byte by byte."""

from __future__ import annotations

from dnt_d2.formats.ilsvrc_xml import XmlObject, annotation_xml

HEAD = """<annotation>
	<folder>{folder}</folder>
	<filename>000004</filename>
	<source>
		<database>{database}</database>
	</source>
	<size>
		<width>320</width>
		<height>240</height>
	</size>
"""
OBJECT = XmlObject("n02084071", (1, 2, 30, 40.5), track_id=3, occluded=1, generated=0)


def test_nothing() -> None:
    assert annotation_xml("a/b", "000004", (320, 240), []) == (
        HEAD.format(folder="a/b", database="ILSVRC_2015") + "</annotation>\n"
    )


def test_a_frame() -> None:
    expected = """	<object>
		<trackid>3</trackid>
		<name>n02084071</name>
		<bndbox>
			<xmax>30</xmax>
			<xmin>1</xmin>
			<ymax>40.5</ymax>
			<ymin>2</ymin>
		</bndbox>
		<occluded>1</occluded>
		<generated>0</generated>
	</object>
</annotation>
"""
    found = annotation_xml("a", "000004", (320, 240), [OBJECT])
    assert found == HEAD.format(folder="a", database="ILSVRC_2015") + expected


def test_a_still() -> None:
    expected = """	<object>
		<name>a&lt;b</name>
		<bndbox>
			<xmin>1</xmin>
			<xmax>30</xmax>
			<ymin>2</ymin>
			<ymax>40.5</ymax>
		</bndbox>
	</object>
</annotation>
"""
    found = annotation_xml("R&D", "000004", (320, 240), [OBJECT._replace(name="a<b")], still=True)
    assert found == HEAD.format(folder="R&amp;D", database="ILSVRC_2014") + expected
