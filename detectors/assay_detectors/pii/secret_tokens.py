"""Tokens by the prefix that their issuer gives them: one pattern a kind of token. Nothing is tried out."""

from __future__ import annotations

from assay_detectors.pii.rule import CERTAIN, NOT_ALNUM, Rule

_NO_MORE = r"(?![A-Za-z0-9])"
_WORD_END = r"(?![A-Za-z0-9_\-])"
_B = r"[A-Za-z0-9]"
_U = r"[A-Za-z0-9_\-]"
_H = "[0-9a-f]"
_UUID = f"{_H}{{8}}-{_H}{{4}}-{_H}{{4}}-{_H}{{4}}-{_H}{{12}}"


def token(
    entity: str, body: str, start: str = NOT_ALNUM, end: str = _NO_MORE, anchor: str | None = None, tail: int = 300
) -> Rule:
    """Return the rule of one kind of token."""
    return Rule(entity, start + body + end, CERTAIN, CERTAIN, anchor=anchor, reach=128, tail=tail, solid=body[0] != "-")


def _family(entity: str, *bodies: str) -> tuple[Rule, ...]:
    return tuple(token(entity, body, end=_WORD_END) for body in bodies)


_OF_ONE_ISSUER = (
    token("AWS_ACCESS_KEY", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    token("GITHUB_TOKEN", r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    token("GITHUB_TOKEN", r"github_pat_[A-Za-z0-9_]{50,255}"),
    token("GITLAB_TOKEN", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas|ffct)-[A-Za-z0-9_\-]{20,64}"),
    token("SLACK_TOKEN", r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}", end=""),
    token("SLACK_TOKEN", r"xapp-\d-[A-Z0-9]{8,14}-\d{10,16}-[0-9a-f]{60,70}"),
    token("SLACK_TOKEN", r"hooks\.slack\.com/(?:services|workflows)/T[A-Z0-9]{6,12}/[A-Z0-9]{6,14}/[A-Za-z0-9]{17,30}"),
    token("HUGGINGFACE_TOKEN", r"(?:hf|api_org)_[A-Za-z0-9]{30,60}"),
    token(
        "OPENAI_KEY",
        r"sk-(?:proj-|svcacct-|admin-|None-)?(?!ant-|lf-|or-v1-)[A-Za-z0-9_\-]{20,250}",
        anchor=r"[^A-Zb-z0-9]sk-[A-Za-z0-9_\-]{20}",
    ),
    token("ANTHROPIC_KEY", r"sk-ant-[A-Za-z0-9_\-]{20,250}"),
    token("GOOGLE_API_KEY", r"AIza[0-9A-Za-z_\-]{35}", end=_WORD_END),
    token("GOOGLE_API_KEY", r"GOCSPX-[A-Za-z0-9_\-]{28}", end=_WORD_END),
    token("GOOGLE_API_KEY", r"ya29\.[A-Za-z0-9_\-]{30,400}", end="", tail=500),
    token("AZURE_KEY", r"(?<=AccountKey=)[A-Za-z0-9+/]{86}==", start="", end=""),
    token(
        "AZURE_KEY",
        r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}",
        end=_WORD_END,
        anchor=r"\dQ~[A-Za-z0-9_~.\-]{24}",
    ),
    token(
        "AZURE_KEY",
        r"(?<=[?&]sig=)[A-Za-z0-9%+/\-_]{42,90}(?:%3[Dd]|=)",
        start="",
        end="",
        anchor=r"[?&]sig=[A-Za-z0-9%+/\-_]{24}",
    ),
    token("DATABRICKS_TOKEN", r"dapi[0-9a-f]{32}(?:-\d)?"),
    token("STRIPE_KEY", r"(?:sk|rk)_(?:live|test)_[0-9a-zA-Z]{16,128}"),
    token("STRIPE_KEY", r"whsec_[0-9a-zA-Z+/]{24,64}"),
    token("SENDGRID_KEY", r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}", end=_WORD_END),
    token(
        "TELEGRAM_TOKEN",
        r"\d{8,10}:AA[A-Za-z0-9_\-]{33}",
        end=_WORD_END,
        anchor=r"\d{8}:AA[A-Za-z0-9_\-]{24}",
    ),
    token("NPM_TOKEN", r"npm_[A-Za-z0-9]{36}"),
    token("PYPI_TOKEN", r"pypi-AgE[A-Za-z0-9_\-]{50,250}"),
    token(
        "JWT",
        r"eyJ[A-Za-z0-9_\-]{8,2000}\.eyJ[A-Za-z0-9_\-]{4,3000}\.[A-Za-z0-9_\-]{0,1000}",
        end="",
        tail=6100,
    ),
    token("PRIVATE_KEY", r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----", start="", end=""),
    token("PRIVATE_KEY", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    token("PRIVATE_KEY", r"PuTTY-User-Key-File-\d", start=""),
)

_FAMILIES = (
    *_family(
        "AI_SERVICE_KEY",
        rf"gsk_{_B}{{40,60}}",  # Groq
        rf"r8_{_B}{{37}}",  # Replicate
        rf"xai-{_B}{{60,90}}",  # xAI
        rf"pplx-{_B}{{40,60}}",  # Perplexity
        r"pcsk_[A-Za-z0-9_]{50,80}",  # Pinecone
        rf"lsv2_(?:pt|sk)_{_H}{{32}}_{_H}{{10}}",  # LangSmith
        rf"sk-lf-{_UUID}",  # Langfuse
        rf"wandb_v1_{_U}{{40,120}}",  # Weights & Biases
        rf"nvapi-{_U}{{60,70}}",  # NVIDIA
        rf"jina_{_B}{{50,70}}",  # Jina
        rf"tvly-{_U}{{20,60}}",  # Tavily
        rf"csk-{_B}{{40,60}}",  # Cerebras
        rf"sk-or-v1-{_H}{{64}}",  # OpenRouter
    ),
    token(
        "CLOUD_TOKEN",
        rf"{_B}{{14}}\.atlasv1\.{_U}{{60,70}}",  # Terraform Cloud
        end=_WORD_END,
        anchor=rf"\.atlasv1\.{_U}{{24}}",
    ),
    *_family(
        "CLOUD_TOKEN",
        rf"do[opr]_v1_{_H}{{64}}",  # DigitalOcean
        rf"v1\.0-{_H}{{24}}-{_H}{{100,160}}",  # Cloudflare
        rf"HRKU-{_U}{{30,70}}",  # Heroku
        rf"fo1_{_U}{{43}}",  # Fly
        rf"nfp_{_B}{{36,40}}",  # Netlify
        rf"sbp_{_H}{{40}}",  # Supabase
        rf"sb_secret_{_U}{{28,40}}",  # Supabase
        r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.\-]{32,64}",  # PlanetScale
        rf"LTAI{_B}{{16,20}}",  # Alibaba Cloud
        rf"AKID{_B}{{32}}",  # Tencent Cloud
        rf"hv[sbr]\.{_U}{{24,300}}",  # HashiCorp Vault
        rf"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_\-]{{2,35}}\.)?{_B}{{40,44}}",  # Doppler
        rf"pul-{_H}{{40}}",  # Pulumi
        rf"dt0[a-z]\d{{2}}\.{_B}{{24}}\.[A-Z0-9]{{64}}",  # Dynatrace
    ),
    *_family(
        "DEVELOPER_TOKEN",
        rf"dckr_(?:pat|oat)_{_U}{{27,36}}",  # Docker
        rf"AT(?:ATT|CTT)3{_U}{{60,250}}(?:=[0-9A-F]{{8}})?",  # Atlassian
        rf"ATBB{_B}{{24,36}}",  # Bitbucket
        rf"lin_(?:api|oauth)_{_B}{{40,64}}",  # Linear
        rf"ntn_\d{{11}}{_B}{{32,36}}",  # Notion
        rf"secret_{_B}{{43}}",  # Notion
        r"sntr(?:ys|yu)_[A-Za-z0-9+/=_\-]{40,400}",  # Sentry
        rf"NR(?:AK|II|JS|AA)-{_U}{{19,36}}",  # New Relic
        rf"gl(?:sa_{_B}{{32}}_{_H}{{8}}|c_[A-Za-z0-9+/]{{32,400}})",  # Grafana
        rf"PMAK-{_H}{{24}}-{_H}{{34}}",  # Postman
        rf"fig[dorh]_{_U}{{40,48}}",  # Figma
        rf"pat{_B}{{14}}\.{_H}{{64}}",  # Airtable
        rf"sl\.(?:u\.)?{_U}{{100,1500}}",  # Dropbox
        rf"rubygems_{_H}{{48}}",  # RubyGems
        rf"cio{_B}{{32}}",  # crates.io
        rf"AKCp{_B}{{65,75}}",  # Artifactory
        rf"sq[pua]_{_H}{{40}}",  # SonarQube
        r"CCIPAT_[A-Za-z0-9_]{40,90}",  # CircleCI
        rf"bkua_{_H}{{40}}",  # Buildkite
        rf"phx_{_B}{{40,60}}",  # PostHog
        rf"oy2{_H}{{43}}",  # NuGet
    ),
    *_family(
        "MESSAGING_TOKEN",
        rf"SK{_H}{{32}}",  # Twilio
        rf"key-{_H}{{32}}",  # Mailgun
        rf"xkeysib-{_H}{{64}}-{_B}{{16}}",  # Brevo
        rf"discord(?:app)?\.com/api/webhooks/\d{{17,20}}/{_U}{{60,72}}",
        rf"webhook\.office\.com/webhookb2/{_UUID}@[A-Za-z0-9\-/]{{60,200}}",  # Teams
        rf"EAA{_B}{{100,300}}",  # Meta
    ),
    token("MESSAGING_TOKEN", rf"{_H}{{32}}-us\d{{1,2}}", anchor=rf"{_H}{{4}}-us\d"),  # Mailchimp
    token(
        "MESSAGING_TOKEN",
        rf"[MNO]{_U}{{23,25}}\.{_U}{{6}}\.{_U}{{27,40}}",  # Discord
        end=_WORD_END,
        anchor=rf"\.{_U}{{6}}\.{_U}{{24}}",
    ),
    *_family(
        "COMMERCE_KEY",
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
        rf"sq0(?:atp|csp|idp)-{_U}{{22,43}}",  # Square
        rf"EAAA{_U}{{60}}",  # Square
        rf"EZ[AT]K{_B}{{54}}",  # EasyPost
        rf"access_token\$(?:production|sandbox)\$[0-9a-z]{{16}}\${_H}{{32}}",  # Braintree
        rf"live_{_B}{{30}}",  # Mollie
    ),
)

TOKEN_RULES: tuple[Rule, ...] = (*_OF_ONE_ISSUER, *_FAMILIES)
