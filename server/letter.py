"""The form of the letter of authorization (SIG-2): a Word document to fill in, print and stamp."""

# ruff: noqa: RUF001 - the Chinese half of the form has Chinese punctuation

import zipfile
from functools import cache
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FILE_NAME: Final = "authorization-letter.docx"

_TITLE: Final = ("SMS Signature Authorization Letter", "短信签名授权书")
_FIELDS: Final = (
    ("Authorizing party: full name of the owner of the signature", "授权方（签名所有者全称）"),
    ("Its unified social credit code or registration number", "统一社会信用代码或注册号"),
    ("Authorized party: full name verified under the account", "被授权方（账号认证的全称）"),
    ("Account number (uin) of the authorized party", "被授权方账号（uin）"),
    ("SMS signature", "短信签名"),
    ("Valid from / until", "授权期限（起 / 止）"),
)
_TEXT: Final = (
    (
        "The authorizing party owns the name above and allows the authorized party to apply for it "
        "as an SMS signature and to send messages under it within the period above. Both parties "
        "confirm that this letter is true and that what is sent keeps to the law."
    ),
    (
        "授权方拥有上述名称，同意被授权方在上述期限内以其申请短信签名并发送短信。"
        "双方确认本授权书真实有效，以该签名发送的短信内容合法合规。"
    ),
)
_CLOSING: Final = (
    ("Official seal of the authorizing party", "授权方公章"),
    ("Date", "日期"),
)

_NAMESPACE: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_CONTENT_TYPES: Final = (
    f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{MEDIA_TYPE}.main+xml"/></Types>'
)
_RELATIONSHIPS: Final = (
    f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_BORDERS: Final = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:color="808080"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_WIDTHS: Final = (4200, 4800)  # twentieths of a point: A4 less its margins


@cache
def document() -> bytes:
    """Build the document; the same bytes each time, for it holds no date of its own."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in (
            ("[Content_Types].xml", _CONTENT_TYPES),
            ("_rels/.rels", _RELATIONSHIPS),
            ("word/document.xml", _body()),
        ):
            package.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _body() -> str:
    parts = [
        *(_paragraph(line, size=32, bold=True, centred=True) for line in _TITLE),
        _paragraph(""),
        _table(_FIELDS),
        _paragraph(""),
        *(_paragraph(text) for text in _TEXT),
        _paragraph(""),
        _table(_CLOSING, height=1400),
    ]
    section = (
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" '
        'w:header="720" w:footer="720" w:gutter="0"/></w:sectPr>'
    )
    return (
        f'{_XML}<w:document xmlns:w="{_NAMESPACE}"><w:body>{"".join(parts)}{section}'
        "</w:body></w:document>"
    )


def _paragraph(text: str, *, size: int = 22, bold: bool = False, centred: bool = False) -> str:
    layout = '<w:spacing w:after="80"/>' + ('<w:jc w:val="center"/>' if centred else "")
    fonts = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="SimSun"/>'
    style = f'{fonts}{"<w:b/>" if bold else ""}<w:sz w:val="{size}"/>'
    run = f'<w:r><w:rPr>{style}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    return f"<w:p><w:pPr>{layout}</w:pPr>{run}</w:p>"


def _table(rows: tuple[tuple[str, str], ...], height: int = 700) -> str:
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in _WIDTHS)
    cells = "".join(
        f'<w:tr><w:trPr><w:trHeight w:val="{height}"/></w:trPr>'
        f"{_cell(_WIDTHS[0], *labels)}{_cell(_WIDTHS[1], '')}</w:tr>"
        for labels in rows
    )
    properties = (
        f'<w:tblPr><w:tblW w:w="{sum(_WIDTHS)}" w:type="dxa"/>'
        f"<w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr>"
    )
    return f"<w:tbl>{properties}<w:tblGrid>{columns}</w:tblGrid>{cells}</w:tbl>"


def _cell(width: int, *lines: str) -> str:
    text = "".join(_paragraph(line) for line in lines)
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{text}</w:tc>'
