"""The formats of secrets whose beginning makes them sure.

The formats are public: those of https://github.com/gitleaks/gitleaks,
https://github.com/trufflesecurity/trufflehog, https://github.com/Yelp/detect-secrets and of
https://docs.github.com/en/code-security/reference/secret-security/supported-secret-scanning-patterns
that need no word beside them to be told from a hash, an id or a name. Every repetition has a bound or
ends its pattern, and no two neighbouring ones share a character, so that a search takes linear time.
"""

from __future__ import annotations

from typing import NamedTuple

PRIVATE_KEY = "a private key"
"""Its format is only the first line of it."""

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DIGIT = "(?=[A-Za-z]{0,60}[0-9])"
"""A digit among the letters: long names of one word have none."""


class Format(NamedTuple):
    """One kind of secret."""

    what: str
    """What it is called in a message."""
    heads: str
    """How any such value begins, in lower case: `hf` is a word of letters and digits, `akia+` the
    beginning of a long one. `~://` is not the beginning: it stands somewhere in the value."""
    pattern: str
    """Of a value that begins where no letter or digit stands before it; a group `secret` is a part of
    it that begins anywhere, and that alone is hidden."""


SURE = (
    Format("a Hugging Face token", "hf api", r"(?:[hH][fF]|api_org)_(?:(?:oauth|jwt)_)?[A-Za-z0-9]{30,}"),
    Format("a Hugging Face token", "hf", r"[hH][fF]_(?:oauth|jwt)_[A-Za-z0-9._-]{20,}"),
    Format("a ModelScope token", "ms", rf"ms-(?i:{UUID})"),
    Format("an Anthropic key", "sk", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    Format("an OpenRouter key", "sk", r"sk-or-v1-[0-9a-f]{32,}"),
    Format("a Langfuse key", "sk pk", rf"[sp]k-lf-(?i:{UUID})"),
    Format(
        "an OpenAI key",
        "sk sess",
        rf"sk-(?:proj|svcacct|service|admin|None)-[A-Za-z0-9_-]{{20,}}|sk-[A-Za-z0-9]{{32,}}"
        rf"|sk-{_DIGIT}[A-Za-z0-9]{{20,}}|sess-{_DIGIT}[A-Za-z0-9]{{40}}",
    ),
    Format("a Groq key", "gsk", r"gsk_[A-Za-z0-9]{40,}"),
    Format("a Replicate token", "r8", r"r8_[A-Za-z0-9_-]{30,}"),
    Format("an xAI key", "xai", r"xai-[A-Za-z0-9_]{40,}"),
    Format("a Perplexity key", "pplx", r"pplx-[A-Za-z0-9]{40,}"),
    Format("an NVIDIA key", "nvapi", r"nvapi-[A-Za-z0-9_-]{40,}"),
    Format("a Fireworks key", "fw", rf"fw_{_DIGIT}[A-Za-z0-9]{{20,}}"),
    Format("a Together key", "tgp", r"tgp_v1_[A-Za-z0-9_-]{30,}"),
    Format("a Cerebras key", "csk", rf"csk-{_DIGIT}[a-z0-9]{{40,}}"),
    Format("a Pinecone key", "pcsk", r"pcsk_[A-Za-z0-9_]{40,}"),
    Format("a Jina key", "jina", r"jina_[0-9a-f]{32}[A-Za-z0-9_-]{20,}"),
    Format("an Anyscale key", "esecret", rf"esecret_{_DIGIT}[A-Za-z0-9]{{20,}}"),
    Format("a LlamaCloud key", "llx", rf"llx-{_DIGIT}[A-Za-z0-9]{{40,}}"),
    Format("a Tavily key", "tvly", r"tvly-[A-Za-z0-9-]{20,}"),
    Format("a Firecrawl key", "fc", r"(?<![_-])fc-[0-9a-f]{32}(?![0-9A-Za-z])"),
    Format("an E2B key", "e2b", r"e2b_[0-9a-f]{40}"),
    Format("a RunPod key", "rpa", r"rpa_[A-Z0-9]{40,}"),
    Format("a Kaggle token", "kgat", r"KGAT_[0-9a-f]{32}"),
    Format("a Weights & Biases key", "wandb", r"wandb_v1_[A-Za-z0-9_-]{40,}"),
    Format("a LangSmith key", "lsv2 ls", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}|ls__[0-9a-f]{32}"),
    Format("a Cursor key", "crsr", r"crsr_[0-9a-f]{64}"),
    Format("a PostHog key", "phx", rf"phx_{_DIGIT}[A-Za-z0-9]{{40,}}"),
    Format(
        "a GitHub token",
        "ghp gho ghu ghs ghr github",
        r"gh[pousr]_[A-Za-z0-9]{36,}|ghs_[0-9]{1,12}_eyJ[A-Za-z0-9_-]{10}|github_pat_[A-Za-z0-9_]{40,}",
    ),
    Format(
        "a GitLab token",
        "glpat gldt glrt glrtr glptt glft glffct glsoat glimt glagent gloas glwt glcbt ~_gitlab_session="
        " gr1348941+ gr1348941",
        r"gl(?:pat|dt|rtr?|ptt|ft|ffct|soat|imt|agent|oas|wt)-[A-Za-z0-9_-]{20,}"
        r"|glcbt-[A-Za-z0-9_-]{20,}|GR1348941[A-Za-z0-9_-]{20,}|_gitlab_session=[0-9a-z]{32}",
    ),
    Format(
        "a Bitbucket or Atlassian token",
        "atatt3+ atctt3+ atbb+",
        r"AT(?:A|C)TT3[A-Za-z0-9_=-]{40,}|ATBB[A-Za-z0-9]{32}",
    ),
    Format(
        "an AWS key",
        "akia+ asia+ abia+ acca+ a3t+ absk+ bedrock",
        r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Z0-9])|ABSK[A-Za-z0-9+/]{100,}"
        r"|bedrock-api-key-[A-Za-z0-9+/=]{20,}",
    ),
    Format(
        "a Google key",
        "aiza+ aiza gocspx ya29 1 aq",
        r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}"
        r"|1//0[A-Za-z0-9_-]{40,}|AQ\.Ab[A-Za-z0-9_-]{40,}",
    ),
    Format(
        "an Azure key",
        "accountkey sharedaccesskey ~jqqj9 ~q~ ~azdo sig",
        r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}|SharedAccessKey=[A-Za-z0-9+/]{30,}={0,2}"
        r"|[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9]{20,}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"
        r"|[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"
        r"|(?<=[?&;])sig=(?:[A-Za-z0-9]|[+/-]|%[0-9A-Fa-f]{2}){40,64}",
    ),
    Format("a signature in an address", "~-signature=", r"X-(?:Amz|Goog)-Signature=[0-9a-fA-F]{64,}"),
    Format("an Alibaba Cloud key", "ltai+", rf"LTAI{_DIGIT}[A-Za-z0-9]{{12,26}}(?![A-Za-z0-9])"),
    Format("a Tencent Cloud key", "akid+", rf"AKID{_DIGIT}[A-Za-z0-9]{{32}}(?![A-Za-z0-9])"),
    Format("a Volcengine key", "aklt+", r"AKLT[A-Za-z0-9+/_-]{40,}"),
    Format("a Baidu key", "bce", r"bce-v3/ALTAK-[A-Za-z0-9]{16,64}/[0-9a-f]{40}"),
    Format(
        "a Yandex key",
        "aqvn+ t1 y0",
        r"AQVN[A-Za-z0-9_-]{35,}|t1\.[A-Za-z0-9_-]{20,400}={0,2}\.[A-Za-z0-9_-]{80,}|y0_[A-Za-z0-9_-]{50,}",
    ),
    Format("an npm token", "npm", r"npm_[A-Za-z0-9]{36}"),
    Format("a PyPI token", "pypi", r"pypi-[A-Za-z0-9_-]{50,}"),
    Format("a RubyGems key", "rubygems", r"rubygems_[0-9a-f]{48}"),
    Format("a NuGet key", "oy2+", rf"oy2{_DIGIT}[a-z0-9]{{43}}(?![A-Za-z0-9])"),
    Format("a crates.io token", "cio+", rf"cio{_DIGIT}[A-Za-z0-9]{{32}}(?![A-Za-z0-9])"),
    Format("a Clojars token", "clojars", r"CLOJARS_[0-9a-z]{60}"),
    Format("an Artifactory key", "akcp+ cmvmd+", r"AKCp[A-Za-z0-9]{65,}|cmVmd[A-Za-z0-9]{59}(?![A-Za-z0-9])"),
    Format("a Docker token", "dckr", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    Format(
        "a Slack token",
        "xoxa xoxb xoxc xoxd xoxe xoxo xoxp xoxr xoxs xapp",
        r"xox[a-eoprs](?:\.xox[bp])?-[A-Za-z0-9%-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{20,}",
    ),
    Format(
        "a webhook",
        "hooks webhook discord discordapp",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/+]{30,}|webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{60,}|discord(?:app)?\.com/api/webhooks/[0-9]{16,20}/[A-Za-z0-9_-]{50,}",
    ),
    Format(
        "a Stripe key",
        "sk rk pk whsec",
        r"(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}",
    ),
    Format(
        "a Square token",
        "sq0atp sq0csp sq0idp eaaa+",
        r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{56,62}(?![A-Za-z0-9_-])",
    ),
    Format("a Facebook token", "eaa+", r"EAA[A-Za-z0-9]{100,}"),
    Format("a PayPal token", "access", r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    Format(
        "a payment key",
        "flwseck shippo ezak+ eztk+ duffel",
        r"FLWSECK(?:_TEST)?-[0-9a-zA-Z]{12,}|shippo_(?:live|test)_[0-9a-fA-F]{40}|EZ[AT]K[A-Za-z0-9]{54}|duffel_(?:test|live)_[A-Za-z0-9_=-]{40,}",
    ),
    Format("a Plaid token", "access", rf"access-(?:sandbox|development|production)-{UUID}"),
    Format("a Shopify token", "shpat shpca shppa shpss shpua", r"shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}"),
    Format("a SendGrid key", "sg", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,}"),
    Format("a Brevo key", "xkeysib xsmtpsib", r"x(?:keysib|smtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    Format("a Mailgun key", "key", r"(?<![_-])key-[0-9a-f]{32}(?![0-9A-Za-z])"),
    Format("a Mailchimp key", "~-us", r"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])"),
    Format("a Resend key", "re", rf"re_[A-Za-z0-9]{{8}}_{_DIGIT}[A-Za-z0-9]{{24}}(?![A-Za-z0-9])"),
    Format("a Twilio key", "sk+ ac+", r"(?:SK|AC)[0-9a-f]{32}(?![0-9A-Za-z])"),
    Format("a Telegram bot token", "~:aa", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    Format("a Discord token", "m+ n+ o+", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"),
    Format("a DigitalOcean token", "dop doo dor", r"do[opr]_v1_[0-9a-f]{64}"),
    Format("a Heroku key", "hrku", r"HRKU-[A-Za-z0-9_-]{36,}"),
    Format("a Vercel token", "vcp vci vca vcr vck", rf"vc[piark]_{_DIGIT}[A-Za-z0-9]{{24,}}"),
    Format("a Netlify token", "nfp nfc nfo nfu nfb nfr", rf"nf[pcoubr]_{_DIGIT}[A-Za-z0-9]{{36,}}"),
    Format("a Fly.io token", "fo1 fm1a fm1r fm2", r"fo1_[A-Za-z0-9_-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,}"),
    Format("a Render key", "rnd", rf"rnd_{_DIGIT}[A-Za-z0-9]{{24,}}"),
    Format("a Supabase key", "sbp sb", r"sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,}"),
    Format("a Neon key", "napi", rf"napi_{_DIGIT}[a-z0-9]{{40,}}"),
    Format("a PlanetScale token", "pscale", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_=.-]{32,}"),
    Format("a MongoDB key", "mdb", r"mdb_sa_sk_[A-Za-z0-9_-]{30,}"),
    Format("a ClickHouse key", "4b1d+", r"4b1d[A-Za-z0-9]{38}(?![A-Za-z0-9])"),
    Format("a Databricks token", "dapi+ dkea+ dose+", r"d(?:api|kea|ose)[0-9a-f]{32}"),
    Format(
        "a Cloudflare key",
        "v1 cfut cfat cfk",
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}|cf(?:ut|at|k)_[A-Za-z0-9_-]{40,}",
    ),
    Format("a Pulumi token", "pul", r"pul-[0-9a-f]{40}"),
    Format("a Terraform token", "~.atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
    Format("a Vault token", "hvs hvb hvr", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    Format(
        "a Doppler token", "dp", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[A-Za-z0-9_-]{1,40}\.)?[A-Za-z0-9]{40,}"
    ),
    Format(
        "a 1Password secret",
        "ops a3",
        r"ops_eyJ[A-Za-z0-9+/=_-]{100,}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
    ),
    Format("a Tailscale key", "tskey", r"tskey-[A-Za-z0-9-]{12,}"),
    Format("an age key", "age", r"AGE-SECRET-KEY-(?:1|PQ-1)[A-Z0-9]{50,}"),
    Format(
        "a Grafana token", "glsa glc eyjrijoi+", r"gl(?:sa|c)_[A-Za-z0-9+/_=-]{32,}|eyJrIjoi[A-Za-z0-9]{60,}"
    ),
    Format(
        "a Sentry token", "sntrys sntryu sntryi", r"sntrys_eyJ[A-Za-z0-9+/=_-]{20,}|sntry[ui]_[0-9a-f]{64}"
    ),
    Format("a New Relic key", "nrak nrii nrjs nrra nrbr", r"NR(?:AK|II|JS|RA|BR)-[A-Za-z0-9_-]{19,}"),
    Format(
        "a Dynatrace token",
        "dt0c01 dt0s01 dt0s02 dt0s16",
        r"dt0[cs][0-9]{2}\.[A-Z0-9a-z]{8,24}\.[A-Za-z0-9]{60,}",
    ),
    Format("a Honeycomb key", "hcaik hcbik hccik hcxik hcamk", r"hc[a-z](?:ik|mk)_[A-Za-z0-9]{50,}"),
    Format("a Sonar token", "squ sqp sqa", r"sq[upa]_[0-9a-f]{40}"),
    Format("a Sourcegraph token", "sgp", r"sgp_(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}"),
    Format(
        "a CI token", "ccipat ccipra bkua", r"CCIP(?:AT|RA)_[A-Za-z0-9]{22}_[0-9a-f]{40}|bkua_[0-9a-f]{40}"
    ),
    Format("an Octopus key", "api", r"API-(?=[A-Z]{0,25}[0-9])[A-Z0-9]{26}(?![A-Za-z0-9])"),
    Format("an OpenShift token", "sha256", r"sha256~[A-Za-z0-9_-]{43}"),
    Format("a Linear key", "lin", r"lin_(?:api|oauth|wh)_[A-Za-z0-9]{32,}"),
    Format("a Notion token", "ntn secret", rf"ntn_[A-Za-z0-9]{{40,}}|secret_{_DIGIT}[A-Za-z0-9]{{40,}}"),
    Format("a Lambda key", "secret", r"secret_[a-z0-9-]{1,64}_[0-9a-f]{32}\.[A-Za-z0-9]{32}"),
    Format("an Asana token", "1 2", r"[12]/[0-9]{10,20}(?:/[0-9]{10,20})?:[0-9a-f]{32}"),
    Format("a Figma token", "figd figo figoh figor figu figuh figur", r"fig[dou][hr]?_[A-Za-z0-9_-]{40,}"),
    Format("an Airtable token", "pat+", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    Format("a HubSpot token", "pat", rf"pat-[a-z]{{2,3}}[0-9]-(?i:{UUID})"),
    Format("a Harness token", "pat sat", r"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    Format("a Contentful token", "cfpat", r"CFPAT-[A-Za-z0-9_-]{40,}"),
    Format("a Typeform token", "tfp", r"tfp_[A-Za-z0-9_.=-]{40,}"),
    Format("a Dropbox token", "sl", r"sl\.(?:u\.)?[A-Za-z0-9_=-]{100,}"),
    Format("a Mapbox token", "sk", r"sk\.eyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,}"),
    Format("a Postman key", "pmak pmat", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}|PMAT-[0-9A-Z]{26}"),
    Format("a ReadMe key", "rdme", r"rdme_[0-9a-z]{70}"),
    Format("a Prefect key", "pnu pnb", r"pn[ub]_[A-Za-z0-9]{36}"),
    Format("an Adobe secret", "p8e", r"p8e-[A-Za-z0-9_-]{32}"),
    Format("a Frame.io token", "fio", r"fio-u-[A-Za-z0-9_=-]{60,}"),
    Format("an Infracost key", "ico", rf"ico-{_DIGIT}[A-Za-z0-9]{{32}}(?![A-Za-z0-9])"),
    Format("a Scalingo token", "tk", r"tk-us-[A-Za-z0-9_-]{48}"),
    Format("a SettleMint token", "sm", r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}"),
    Format("a MaxMind key", "~_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    Format("an Elastic key", "essu", r"essu_[A-Za-z0-9+/=_-]{40,}"),
    Format("a Defined Networking key", "dnkey", r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}"),
    Format("a signed web token", "eyj+", r"eyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10}"),
    Format(
        "a signed web token",
        "eyj+",
        r"eyJ[A-Za-z0-9_-]{16,400}\.[A-Za-z0-9_-]{0,400}\.[A-Za-z0-9_-]{16,400}\.[A-Za-z0-9_-]{16}",
    ),
    Format("an API key", "sk", rf"sk-(?:[A-Za-z0-9]{{1,12}}[-:]){{1,3}}{_DIGIT}[A-Za-z0-9]{{20,}}"),
    Format("an API key", "sk", rf"sk_(?:[a-z]{{2,4}}_)?{_DIGIT}[A-Za-z0-9]{{40,}}"),
    Format(
        "a password in an address",
        "~://",
        r"(?P<secret>://(?:[^\s/:@]{0,128}:(?![$<{*])[^\s/@]{1,256}@"
        rf"|{_DIGIT}[A-Za-z0-9_-]{{20,256}}@))",
    ),
    Format(
        PRIVATE_KEY,
        "~private ~putty-user-key-file",
        r"----[- ]?BEGIN[A-Za-z0-9 _-]{0,100}(?i:PRIVATE KEY)|PuTTY-User-Key-File-[0-9]:",
    ),
)
"""Told from everything else by how they begin, wherever they stand."""
