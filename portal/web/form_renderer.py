"""Renders every form field with one template (label above, help, error beside it), without JavaScript or inline styles."""

from django.forms.renderers import TemplatesSetting


class PortalFormRenderer(TemplatesSetting):
    """Uses templates/partials/field.html for `{{ field.as_field_group }}`."""

    field_template_name = "partials/field.html"
