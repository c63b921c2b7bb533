"""What a holder fills in on S16, from step to step."""

from dataclasses import dataclass, field

from jichipoint.v1 import mykey_pb2

from counter_tui.tasks.mykey.candidate import Candidate
from counter_tui.tasks.mykey.texts import MAIL_CHOICES


@dataclass(slots=True)
class Form:
    """S16. It lives in memory only, as long as its screens."""

    candidate: Candidate = field(default_factory=Candidate)
    password: str = field(default="", repr=False)
    mail: str = ""
    mail_choices: set[int] = field(default_factory=set)
    """Positions in MAIL_CHOICES; they count only with a mail address."""
    base: mykey_pb2.BaseMunicipality | None = None

    @property
    def wished(self) -> tuple[str, ...]:
        """The mail choices that count, as MailChoices names them."""
        if not self.mail:
            return ()
        return tuple(
            name for place, (name, _text) in enumerate(MAIL_CHOICES) if place in self.mail_choices
        )

    def request(self, request_id: str, attempt_id: str) -> mykey_pb2.RegisterMykeyIdRequest:
        """Return what registers it."""
        return mykey_pb2.RegisterMykeyIdRequest(
            request_id=request_id,
            attempt_id=attempt_id,
            mykey_id=self.candidate.reserved,
            password=self.password,
            mail=self.mail,
            mail_choices=mykey_pb2.MailChoices(**dict.fromkeys(self.wished, True)),
            base_municipality_code=self.base.municipality_code if self.base else "",
        )
