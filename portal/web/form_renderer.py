"""How a form looks: one template for every field (label above, help, error beside it), no JavaScript, no inline style."""

from django.forms.renderers import TemplatesSetting


class PortalFormRenderer(TemplatesSetting):
    """Uses templates/partials/field.html for `{{ field.as_field_group }}`."""

    field_template_name = "partials/field.html"
