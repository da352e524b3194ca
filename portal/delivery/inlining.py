"""Puts the look of letters onto each element: many mail programs read no style sheet; *pure*.

Templates name classes, as pages do; what a class looks like in a letter stands here once. Dark
colours and small screens are in the sheet of templates/letters/layout.html, for the programs that
read it: it wins by `!important`.
"""

import re

TAG = re.compile(r"<(body|table|td|div|h1|p|a|ul|ol|li|blockquote|pre|code)\b([^<>]*)>")
CLASS = re.compile(r'\bclass="([\w -]*)"')
FONT = "-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif"
MONO = "ui-monospace,'SF Mono',Consolas,'Courier New',monospace"

STYLES = {
    "body": "margin:0;padding:0;width:100%;background:#f4f1ea;-webkit-text-size-adjust:100%",
    "table": "border-collapse:separate;mso-table-lspace:0;mso-table-rspace:0",
    "td": f"font-family:{FONT};font-size:16px;line-height:1.55;color:#1b211f",
    "h1": f"margin:0 0 6px;font-family:{FONT};font-size:21px;line-height:1.3;font-weight:600;color:#1b211f",
    "p": "margin:0 0 14px",
    "a": "color:#0f5b54",
    "ul": "margin:0 0 14px;padding:0 0 0 24px",
    "ol": "margin:0 0 14px;padding:0 0 0 24px",
    "li": "margin:0 0 4px",
    "blockquote": "margin:0 0 14px",
    "pre": f"margin:0 0 14px;font-family:{MONO};font-size:14px;white-space:pre-wrap",
    "code": f"font-family:{MONO};font-size:14px",
    ".back": "background:#f4f1ea",
    ".around": "padding:20px 12px 32px",
    ".sheet": "width:100%;max-width:600px",
    ".line": "padding:0 4px 10px;font-size:12px;line-height:1.4;color:#6a716c",
    ".mark": "padding:0 4px 14px;font-size:16px;font-weight:600;color:#0f5b54",
    ".paper": (
        "padding:28px 32px 22px;background:#fdfcfa;border:1px solid #e2dccf;border-radius:12px;"
        "word-break:break-word;overflow-wrap:anywhere"
    ),
    ".who": "margin:0 0 18px;font-size:14px;line-height:1.5;color:#4c5651",
    ".next": (
        "margin:0 0 14px;padding:12px 16px;border-left:3px solid #b58a33;background:#f9f2e1;"
        "color:#6d500f;font-size:15px"
    ),
    ".code": (
        f"margin:0 0 14px;padding:14px 16px;background:#f0ece2;border-radius:8px;font-family:{MONO};"
        "font-size:26px;line-height:1.2;font-weight:600;letter-spacing:.12em;text-align:center"
    ),
    ".was": "padding:0 0 0 14px;border-left:2px solid #d2cbbd;font-size:14px;color:#4c5651",
    ".act": "margin:22px 0 10px",
    ".button": "background:#0f5b54;border-radius:8px;mso-padding-alt:12px 22px",
    ".go": (
        f"display:inline-block;padding:12px 22px;font-family:{FONT};font-size:16px;line-height:1.3;"
        "font-weight:600;color:#fdfcfa;text-decoration:none"
    ),
    ".ask": "margin:22px 0 8px",
    ".marks": "margin:0 0 10px",
    ".star": (
        "width:46px;border:1px solid #a8cbc4;border-radius:8px;text-align:center;"
        "mso-padding-alt:9px 0"
    ),
    ".pick": (
        f"display:block;padding:9px 0;font-family:{FONT};font-size:16px;line-height:1.3;"
        "font-weight:600;color:#0f5b54;text-decoration:none"
    ),
    ".gap": "width:8px;font-size:1px;line-height:1px",
    ".files": "margin:4px 0 16px;padding:12px 0 0;border-top:1px solid #e2dccf",
    ".file": "margin:0 0 6px;font-size:15px;line-height:1.4",
    ".small": "margin:0 0 14px;font-size:14px;line-height:1.5;color:#4c5651",
    ".end": "padding:18px 4px 0;font-size:13px;line-height:1.55;color:#626b66",
    ".soft": "color:#4c5651",
    # Shown beside the subject in the list of letters, and nowhere else.
    ".pre": (
        "display:none;max-height:0;overflow:hidden;opacity:0;mso-hide:all;font-size:1px;"
        "line-height:1px;color:#f4f1ea"
    ),
}


def inlined(html: str) -> str:
    """Give a letter with the look of each element on it; what has one of its own keeps it."""
    return TAG.sub(_styled, html)


def _styled(found: re.Match[str]) -> str:
    tag, rest = found[1], found[2]
    named = CLASS.search(rest)
    keys = [tag, *(f".{name}" for name in (named[1].split() if named else []))]
    style = ";".join(STYLES[key] for key in keys if key in STYLES)
    return f'<{tag}{rest} style="{style}">' if style and " style=" not in rest else found[0]
