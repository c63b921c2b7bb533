"""The code that carries a customer number, as its issuer has set (SID-3)."""

from jichipoint.v1 import issuers_pb2

from counter_tui.slips.cell_codes import Symbology, linear_rows, qr_rows
from counter_tui.slips.document import Code

_LINEAR = {
    issuers_pb2.SYMBOLOGY_NW7: Symbology.NW7,
    issuers_pb2.SYMBOLOGY_CODE39: Symbology.CODE39,
    issuers_pb2.SYMBOLOGY_CODE128: Symbology.CODE128,
}
_ON_PAPER = {
    issuers_pb2.SYMBOLOGY_NW7: Code.NW7,
    issuers_pb2.SYMBOLOGY_CODE39: Code.CODE39,
    issuers_pb2.SYMBOLOGY_CODE128: Code.CODE128,
    issuers_pb2.SYMBOLOGY_QR: Code.QR,
}


def code_text(handover: issuers_pb2.Handover, customer_id: str) -> str:
    """Return what the code holds: the number as registered, in NW-7 with its two letters."""
    if handover.symbology == issuers_pb2.SYMBOLOGY_NW7:
        return f"{handover.nw7_start}{customer_id}{handover.nw7_stop}"
    return customer_id


def code_rows(handover: issuers_pb2.Handover, customer_id: str) -> list[str]:
    """Return the code as rows of a terminal's cells. Raises UncarriableError."""
    text = code_text(handover, customer_id)
    linear = _LINEAR.get(handover.symbology)
    return qr_rows(text) if linear is None else linear_rows(text, linear)


def code_on_paper(handover: issuers_pb2.Handover) -> Code:
    """Return the code for a label."""
    return _ON_PAPER.get(handover.symbology, Code.QR)
