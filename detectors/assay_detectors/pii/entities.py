"""The kinds of personal data and secrets that are looked for: tier and meaning; the legal tags are those of reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.model.data_kinds import describe

Tier = Literal["A", "B", "C"]
"""A: reported alone. B: needs a format or checksum, and mostly context. C: counted, no violation by itself."""

PCI = "pci-dss:req.3"


@dataclass(frozen=True)
class Entity:
    """One kind of value."""

    name: str
    tier: Tier
    what: str
    tags: tuple[str, ...]
    """Legal texts that speak of it; see `assay.model.data_kinds`."""


def _table(tier: Tier, *rows: tuple[str, str]) -> tuple[Entity, ...]:
    return tuple(Entity(name, tier, what, describe(name).tags) for name, what in rows)


ENTITIES: tuple[Entity, ...] = (
    *_table("A", ("URL_CREDENTIALS", "password inside a URL")),  # first: `p@host` looks like an address
    *_table("A", ("EMAIL_ADDRESS", "e-mail address under a public top-level domain")),
    *_table("A", ("CREDIT_CARD", "payment card number: issuer range, length and Luhn digit")),
    *_table("A", ("IBAN_CODE", "bank account: country format and modulo 97")),
    *_table("A", ("US_SSN", "US social security number, with dashes or by context")),
    *_table(
        "A",
        ("AWS_ACCESS_KEY", "AWS access key id"),
        ("AWS_SECRET_KEY", "AWS secret access key, by key name"),
        ("GITHUB_TOKEN", "GitHub token"),
        ("GITLAB_TOKEN", "GitLab token"),
        ("SLACK_TOKEN", "Slack token or webhook"),
        ("HUGGINGFACE_TOKEN", "Hugging Face token"),
        ("OPENAI_KEY", "OpenAI key"),
        ("ANTHROPIC_KEY", "Anthropic key"),
        ("GOOGLE_API_KEY", "Google API key"),
        ("AZURE_KEY", "Azure storage key or client secret"),
        ("DATABRICKS_TOKEN", "Databricks token"),
        ("STRIPE_KEY", "Stripe key"),
        ("SENDGRID_KEY", "SendGrid key"),
        ("TELEGRAM_TOKEN", "Telegram bot token"),
        ("NPM_TOKEN", "npm token"),
        ("PYPI_TOKEN", "PyPI token"),
        ("AI_SERVICE_KEY", "key of an AI service: Groq, Replicate, xAI, Perplexity, Pinecone, W&B, Cohere and others"),
        ("CLOUD_TOKEN", "token of a cloud: DigitalOcean, Cloudflare, Heroku, Vault, Terraform, Supabase and others"),
        ("DEVELOPER_TOKEN", "token of a development service: Docker, Atlassian, Sentry, Grafana, Datadog and others"),
        ("MESSAGING_TOKEN", "token of a messaging service: Twilio, Mailgun, Discord, Teams and others"),
        ("COMMERCE_KEY", "key of a shop or payment service: Shopify, Square, Braintree and others"),
        ("CUSTOM_SECRET", "secret by a rule that the user brought (gitleaks)"),
        ("JWT", "JSON web token"),
        ("PRIVATE_KEY", "header of a private key block"),
        ("PASSWORD", "password by key name, or in a `Basic` authorisation"),
        ("GENERIC_API_KEY", "random-looking value behind a key name such as `api_key`, or behind `Bearer`"),
    ),
    *_table("B", ("PHONE_NUMBER", "telephone number that the numbering plans allow")),
    *_table(
        "B",
        ("US_ITIN", "US taxpayer number"),
        ("US_PASSPORT", "US passport number, by context"),
        ("UK_NINO", "UK national insurance number"),
        ("ES_NIF", "Spanish identity number, with its letter checked"),
        ("PL_PESEL", "Polish identity number, by checksum and context"),
        ("IN_AADHAAR", "Indian identity number, by Verhoeff digit and context"),
        ("IT_FISCAL_CODE", "Italian fiscal code, with its check letter"),
        ("PASSPORT", "passport number, by key name"),
        ("DE_TAX_ID", "German tax number, by checksum and context"),
        ("FR_NIR", "French social security number, by checksum"),
        ("NL_BSN", "Dutch citizen number, by checksum and context"),
        ("SE_PERSONNUMMER", "Swedish identity number, by checksum and context"),
        ("BE_NATIONAL", "Belgian national number, by checksum and context"),
        ("CH_AHV", "Swiss social security number, by format and checksum"),
        ("FI_HETU", "Finnish identity code, by check character"),
        ("BR_CPF", "Brazilian taxpayer number, by checksum"),
        ("CA_SIN", "Canadian social insurance number, by checksum and context"),
        ("MX_CURP", "Mexican population register key, by format"),
        ("AU_TFN", "Australian tax file number, by checksum and context"),
        ("IN_PAN", "Indian taxpayer number, by format and context"),
        ("SG_NRIC", "Singaporean identity number, by check letter"),
        ("KR_RRN", "South Korean registration number, by checksum"),
        ("CN_RESIDENT_ID", "Chinese identity number, by checksum"),
    ),
    *_table(
        "B",
        ("UK_NHS", "NHS number, by checksum"),
        ("AU_MEDICARE", "Australian health card number, by checksum and context"),
        ("MEDICAL_RECORD", "medical record number, by prefix or key name"),
    ),
    *_table("B", ("PERSON", "name by key name or a cue word; no language model")),
    *_table("B", ("LOCATION", "street address"), ("LAT_LON", "coordinates, by key name")),
    *_table("B", ("DATE_OF_BIRTH", "birth date, by key name or cue")),
    *_table("B", ("CUSTOM_PERSONAL", "value by a recognizer that the user brought (Presidio)")),
    *_table("B", ("CRYPTO", "Bitcoin address, by checksum")),
    *_table(
        "C",
        ("IP_ADDRESS", "IP address of a machine that may be a person's"),
        ("IP_LOOPBACK", "loopback or unspecified IP address: nobody's, told apart"),
    ),
    *_table("C", ("MAC_ADDRESS", "address of a network device")),
    *_table("C", ("URL", "web address with a query, which may carry identifiers")),
)

BY_NAME: dict[str, Entity] = {entity.name: entity for entity in ENTITIES}

NAMES: tuple[str, ...] = tuple(sorted(BY_NAME))

TABLE_ORDER: dict[str, int] = {entity.name: place for place, entity in enumerate(ENTITIES)}
