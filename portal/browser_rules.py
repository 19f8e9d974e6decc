"""The rules that browsers enforce on the portal's pages: the Content-Security-Policy and the Permissions-Policy of every answer."""

from csp.constants import NONE, SELF

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the icons inside the CSS of Bootstrap Italia
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
_REFUSED = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen",
    "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_OWN_PAGES = ("clipboard-write", "publickey-credentials-get", "publickey-credentials-create")  # «Copia», passkeys
PERMISSIONS_POLICY: dict[str, list[str]] = {
    **{name: [] for name in _REFUSED},
    **{name: ["self"] for name in _OWN_PAGES},
}
