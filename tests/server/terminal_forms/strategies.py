"""Forms with whatever names people give."""

from hypothesis import strategies as st

from server.terminal_forms.layout import SECTIONS
from server.terminal_forms.values import FormOne, ListedTerminal
from server.texts import compared, is_text, tidy
from tests.server.support import HOME
from tests.sizes import size

FORMS = size(12, 1000)
"""So many are written and read."""

NAMES = (
    st.text(
        st.one_of(
            st.sampled_from("あア亜　 =+-@'\"<&>台小計合()（ア）※1１,.ｱ髙𠮟〜_x000D"),
            st.characters(
                codec="cp932", exclude_categories=["C", "Zl", "Zp"], exclude_characters="¢£¬‖−〜"
            ),
        ),
        min_size=1,
        max_size=50,
    )
    .map(lambda text: tidy(text).strip())
    .filter(lambda text: is_text(text, 50))
)


@st.composite
def forms(draw: st.DrawFn) -> FormOne:
    names = iter(draw(st.lists(NAMES, min_size=1, max_size=12, unique_by=compared)))
    issuers = draw(st.lists(NAMES, max_size=3, unique_by=compared))
    issuers = [one for one in issuers if not one.lstrip("　").startswith("※")]
    classes = draw(st.lists(st.sampled_from(SECTIONS), min_size=1, max_size=12))
    listed = [
        (
            SECTIONS.index(section),
            draw(st.integers(0, len(issuers) - 1)) if section is SECTIONS[0] and issuers else 0,
            name,
        )
        for section, name in zip(classes, names, strict=False)
        if issuers or section is not SECTIONS[0]
    ] or [(1, 0, "端末")]
    terminals = tuple(
        ListedTerminal(
            SECTIONS[section].terminal_class,
            issuers[issuer] if section == 0 else "",
            draw(NAMES),
            name,
        )
        for section, issuer, name in sorted(listed, key=lambda one: one[:2])
    )
    return FormOne(draw(NAMES), HOME, terminals)
