"""What is said of a text that is no customer number."""

from counter_tui.core.customer_id import NumberFault
from counter_tui.texts import later

NUMBER_FAULTS = {
    NumberFault.EMPTY: later("利用カード番号を入力してください。"),
    NumberFault.SPACE: later("利用カード番号に空白が入っています。消してください。"),
    NumberFault.CHARACTER: later(
        "利用カード番号に使えない文字が入っています。半角の数字・英字・記号で入力してください。"
    ),
    NumberFault.TOO_LONG: later("利用カード番号は32文字までです。"),
}
