"""Where the dashboards may be reached without anybody being asked who they are: hardly anywhere."""

from rollcall.errors import ConfigError
from rollcall.listening import is_loopback
from rollcall.settings import Settings


def require_sign_in(settings: Settings, host: str, *, has_users: bool) -> None:
    """Make sure that whoever can reach the dashboards has to say who they are.

    Args:
        settings: The installation's.
        host: Where they are listened for.
        has_users: There are local users.

    Raises:
        ConfigError: Others could reach them, and nobody would be asked.
    """
    public_url = settings.dashboards.public_url
    if has_users or settings.dashboards.has_oidc or (is_loopback(host) and not public_url):
        return
    raise ConfigError(
        f"the dashboards at {public_url or host} could be used by anybody: add users first "
        "(`rollcall users add NAME --role admin`), set ROLLCALL_DASHBOARDS__OIDC_METADATA_URL, or "
        "leave them on 127.0.0.1"
    )
