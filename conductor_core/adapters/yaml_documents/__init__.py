"""The room of YAML."""

from conductor_core.adapters.yaml_documents.documents import YamlDocuments

__all__ = ["YamlDocuments"]
