"""Values that people really write and that are no secrets, however much some of them seem to be."""

from __future__ import annotations

from testing.fake_secrets.tokens import HEX, letters

MODELS = """
mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit
mlx-community/Qwen3-30B-A3B-Thinking-2507-4bit
mlx-community/Llama-3.3-70B-Instruct-4bit
mlx-community/Meta-Llama-3.1-8B-Instruct-bf16
mlx-community/DeepSeek-R1-Distill-Qwen-32B-4bit
mlx-community/DeepSeek-V3-0324-4bit
mlx-community/gemma-3-27b-it-qat-4bit
mlx-community/Mistral-Small-3.2-24B-Instruct-2506-4bit
mlx-community/Mixtral-8x22B-Instruct-v0.1-4bit
mlx-community/Phi-4-mini-instruct-8bit
mlx-community/gpt-oss-120b-MXFP4-Q8
mlx-community/GLM-4.5-Air-4bit
mlx-community/Kimi-K2-Instruct-4bit
mlx-community/whisper-large-v3-turbo
mlx-community/SmolLM2-135M-Instruct
mlx-community/nomicai-modernbert-embed-base-4bit
mlx-community/Nous-Hermes-2-Mixtral-8x7B-DPO-4bit
mlx-community/MiniMax-M1-80k-4bit
mlx-community/Ministral-8B-Instruct-2410-4bit
unsloth/Qwen3.6-35B-A3B-UD-MLX-4bit
lmstudio-community/Qwen2.5-Coder-32B-Instruct-MLX-4bit
nvidia/Llama-3_1-Nemotron-Ultra-253B-v1
nvidia/NVIDIA-Nemotron-Nano-9B-v2
jinaai/jina-embeddings-v3
jinaai/jina_embeddings_v2_base_en_with_long_context_window
openai/gpt-oss-20b
openai-community/gpt2
xai-org/grok-1
xai-org/grok-2-instruct-quantized-for-apple-silicon-machines
perplexity-ai/r1-1776
hf-internal-testing/tiny-random-LlamaForCausalLM
hf_transfer/hf_xet_large_file_downloads_for_everybody
sk-learn/sk-learn-style-classifier-for-tokens
skt/A.X-4.0-Light
SKTelecom/sk-telecom-korean-language-model-instruct-version
pypi-style/pypi-package-name-classifier-for-python-projects
npm-org/npm_package_classifier
secret/llm
secret-llm
my-password/x
org/my-secret-model
org/token-classifier
org/api_key_detector
org/Password-Strength-Estimator-7B
AIzawa/Japanese-LLM-13B
AKIA/akia-embeddings
ms-marco/ms-marco-MiniLM-L-6-v2
microsoft/ms-phi-2
age/AGE-SECRET-santa-finder
gsk/gsk_biomedical_language_model_for_drug_discovery
fw/fw_embeddings_large
r8/r8_compiler_notes
glm/glpat-like-but-not
dapi/dapi-docs-model
eyJust/another-model
SG.Llama/SG.Llama
patrick/patent-search-7b
tfp/tfp_layers
re_rank/re_ranker_base_multilingual
pul-labs/pul-7b
dp.ptx/dp.pt.small
sl.large/sl.large-7b
1/2
hub/hvs.small
cio/cio-of-the-year
tk-us/tk-us-census
org/v1.0-beta
Mistral-7B-Instruct-v0.3.Q4_K_M.gguf
Mixtral_8x7B_Instruct_v01.Q4_K_M.00001-of-00004
""".strip().splitlines()

PATHS = """
/Users/jane/Models/mlx/Qwen3-4B-4bit
~/models/qwen
./models/secret/llm
/m/api_key/x
/data/my-secret
/data/tokens/wordpiece
/Users/jane/.cache/huggingface/hub/models--org--m/snapshots/0123456789abcdef0123456789abcdef01234567
/Volumes/SSD/hf/hub
/opt/secrets-of-the-forest/model
../token/model
~/.config/mlxsm/profiles.yaml
/tmp/pytest-of-root/pytest-0/test_a0
file:///Users/jane/model
C:/Models/password-list
""".strip().splitlines()

ARGUMENTS = """
--draft-model secret/llm
--draft-model
secret/llm
--adapter-path=/data/my-secret
--adapter-path /m/api_key/x
--max-tokens 4096
--max-tokens=4096
--chat-template-args {"enable_thinking": false}
--num-draft-tokens 3
--kv-bits 4 --kv-group-size 64
--trust-remote-code
--use-default-chat-template
--pipeline
--prompt-cache-bytes 8GiB
--temp 0.2
--stop-token </s>
--eos-token=<|im_end|>
--pad_token [PAD]
""".strip().splitlines()

NOTES = """
Secret
token
Password: safe
api_key test
token: x
my secret weapon for code review
see the secret: ask
API key: none needed
api_key: not-required-local
OPENAI_API_KEY=not-required-local
OPENAI_API_KEY: not-needed
password: required
password
token: see the wiki page on keys
the tokens: 128k of them fit
context: 32768 tokens, speed: 42 tokens/s
stop token </s> and eos_token
eos_token: <|endoftext|>
max_tokens: 4096
max_tokens=131072
token_limit=200000
tokenizer: Qwen/Qwen2Tokenizer-2024-09-19
key: value
keyboard: MX Keys
author: Jane Doe
pattern: ^[a-z]+$
path: /Users/jane/models
PWD=/Users/jane/work
Basic setup for daily use
bearer of good news
Bearer and forbearance
cookie: chocolate chip
authorization: see below
Authorization is not needed here
daily driver; 4-bit, fits into 32 GB
https://huggingface.co/mlx-community/Qwen3-4B-4bit
https://github.com/ml-explore/mlx-lm/pull/1234
git@github.com:ml-explore/mlx-lm.git
https://git@github.com/ml-explore/mlx-lm.git
https://contoso-engineering-department@dev.azure.com/contoso/models
ssh://git@example.org/models.git
mail jane.doe@example.org
http://127.0.0.1:8080/v1
http://localhost:3000,http://127.0.0.1:8080
http://localhost:*,app://obsidian.md
redis://user:${PASSWORD}@localhost/0
https://user:<password>@example.org/
https://example.org/search?key=name&sort=asc
https://example.org/m?page=2&sig=short
see issue #12345678 and commit 4d80374
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
d41d8cd98f00b204e9800998ecf8427e
cache-key-d41d8cd98f00b204e9800998ecf8427e
fc-lists-of-fonts
123e4567-e89b-12d3-a456-426614174000
request-123e4567-e89b-12d3-a456-426614174000
2026-06-16T00:00:00Z
rm -rf is dangerous
1/10 of the tokens: 12345
A1B2C3
AKIA
sk-
hf_
ghp_
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
the private key is in the keychain
Ümläut, 日本語, emoji
""".strip().splitlines()

KEYS = """
enable_thinking
thinking
thinking_budget
reasoning_effort
add_generation_prompt
continue_final_message
max_tokens
maxTokens
token_limit
token_budget
tokenBudget
thinking_token_budget
tokenizer
tokenizer_config
tokenize
detokenize
num_tokens
new_tokens
stop_token
stop_tokens
eos_token
eosToken
bos_token
pad_token
unk_token
image_token
video_token
audio_token
think_token
system_token
assistant_token
user_token
special_tokens
return_assistant_tokens_mask
add_special_tokens
author
authors
authority
pattern
path
patience
passage
pass_through
first_pass
tools
tool_choice
documents
date_string
strftime_now
builtin_tools
model_identity
python_mode
preserve_thinking
keep_past_thinking
xml_tool_calls
key
keys
keyword
key_value_heads
keyboard
monkey
turkey
secretary
session
service
cookbook
beard
credit
username
user
role
language
""".strip().splitlines()

HASHES = [letters(count, HEX) for count in (7, 12, 32, 40, 56, 64, 96, 128)]
INNOCENT = [*MODELS, *PATHS, *ARGUMENTS, *NOTES, *HASHES]
