"""The room of Slack: notices by incoming webhook, or by an app token to a channel.

https://api.slack.com/messaging/webhooks and https://api.slack.com/methods/chat.postMessage
"""

from __future__ import annotations

import httpx

from conductor_core.domain.notices import Notice
from conductor_core.errors import ConfigurationError, UnreachableError

POST = "https://slack.com/api/chat.postMessage"
TIMEOUT = 10.0
_SIGNS = {"approval-needed": ":raised_hand:", "failed": ":x:", "unknown": ":grey_question:", "denied": ":no_entry:"}


class Slack:
    """`Messenger` by `webhook` or, when that is empty, by `token` to `channel`; `post` is the address of the method."""

    def __init__(self, webhook: str = "", token: str = "", channel: str = "", post: str = POST) -> None:
        self._webhook, self._token, self._channel, self._post = webhook, token, channel, post

    @property
    def configured(self) -> bool:
        """Whether there is anywhere to send to."""
        return bool(self._webhook or (self._token and self._channel))

    def send(self, notice: Notice) -> None:
        """See `Messenger.send`."""
        body = message(notice)
        if self._webhook:
            answer = self._ask(self._webhook, body, {})
            if answer.text.strip() != "ok" and answer.status_code != 200:
                raise self._refused(answer.text)
            return
        answer = self._ask(self._post, {**body, "channel": self._channel}, {"Authorization": f"Bearer {self._token}"})
        try:
            told = answer.json()
        except ValueError as bad:
            raise UnreachableError("Slack's answer can't be read.", why="It is no JSON.", next="Try later.") from bad
        if not told.get("ok"):
            raise self._refused(str(told.get("error", "unknown")))

    def _ask(self, url: str, body: dict[str, object], headers: dict[str, str]) -> httpx.Response:
        try:
            with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
                answer = client.post(url, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as bad:
            raise UnreachableError(
                "Slack does not answer.", why=type(bad).__name__, next="Check CONDUCTOR_SLACK_WEBHOOK and the network."
            ) from bad
        if answer.status_code == 429 or answer.status_code >= 500:
            raise UnreachableError("Slack is busy.", why=f"It answers {answer.status_code}.", next="Try later.")
        if answer.status_code >= 300:
            raise self._refused(f"{answer.status_code} {answer.text[:100]}")
        return answer

    @staticmethod
    def _refused(why: str) -> ConfigurationError:
        return ConfigurationError(
            "Slack refuses the notice.",
            why=f"It says: {why[:200]}.",
            next="Correct CONDUCTOR_SLACK_WEBHOOK, or CONDUCTOR_SLACK_TOKEN and CONDUCTOR_SLACK_CHANNEL.",
        )


def message(notice: Notice) -> dict[str, object]:
    """A notice as Slack takes it: the text for phones, and blocks with a button that leads to the Change."""
    head = f"{_SIGNS.get(notice.kind, ':information_source:')} *{_plain(notice.text)}*"
    return {
        "text": notice.text,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"{head}\n{_plain(notice.detail)}".strip()}},
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"type": "plain_text", "text": "Open the Change"}, "url": notice.link}
                ],
            },
        ],
    }


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
