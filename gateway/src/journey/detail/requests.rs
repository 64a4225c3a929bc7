//! Sentences about head and body, the consent, and what was used before.

use credit_policy::consent::Bound;

use super::cause::{Detail, Pair};

impl Detail {
    pub(super) fn of_request(self) -> Option<Pair> {
        self.of_head_and_body().or_else(|| self.of_batch()).or_else(|| self.of_consent()).or(match self {
            Self::Suspended => Some(("整个机构已被暂停", "all of the institution is suspended")),
            Self::SuspendedStaff => Some((
                "仅 `operator` 所指的经办人被暂停，本机构其他经办人仍可查询",
                "the member of staff of `operator` is suspended, and no other one of the institution by that",
            )),
            Self::SuspendedScenario => Some((
                "仅本机构对该 `scenario` 的使用被暂停，其他场景仍可查询",
                "the institution’s use of this `scenario` is suspended, and of no other one by that",
            )),
            Self::Stopped => Some(("全部查询均已停止", "every query is stopped")),
            Self::StoppedScenario => Some((
                "仅该 `scenario` 对所有机构停止，其他场景仍可查询",
                "this `scenario` is stopped for everybody, and no other one by that",
            )),
            Self::CaseSpent => Some((
                "同一 `case` 下对同一信息主体的查询已达上限：新的案件请使用其自身的编号",
                "this `case` has had all its look-ups on this person: another case has a number of its own",
            )),
            Self::AnswerChanged => Some((
                "此 `Idempotency-Key` 的首次应答已逾十分钟、已重复三次或结果已变更：请使用新的键重新查询，新的查询另行计次",
                "the first answer under this `Idempotency-Key` is older than ten minutes, was repeated three times, or would differ now: ask anew under a new key, which counts as another query",
            )),
            Self::Conflict => Some((
                "此 `Idempotency-Key` 已用于内容不同的请求，或首个请求仍在处理（见 `Retry-After`）：新的请求请使用新的键",
                "this `Idempotency-Key` was used with another request, or its first request is under way (see `Retry-After`): a new request takes a new key",
            )),
            _ => None,
        })
    }

    fn of_head_and_body(self) -> Option<Pair> {
        Some(match self {
            Self::AmbiguousHead => (
                "请求头有歧义：`Host` 须只出现一次，`Content-Length` 最多一次，`Transfer-Encoding` 只可为 `chunked`，且不与 `Content-Length` 同时出现，各行以 CRLF 结尾",
                "the head can be read in two ways: `Host` must be there once, `Content-Length` once at most, `Transfer-Encoding` only as `chunked` and without `Content-Length`, and lines must end with CRLF",
            ),
            Self::HeadTooLarge => {
                ("请求行与请求头合计最大 16 KiB", "request line and headers may have 16 KiB together")
            }
            Self::BodyTooLarge => ("请求体最大 16 KiB", "the body may have 16 KiB at most"),
            Self::Late => ("请求头与请求体须在时限内完整送达", "head and body must arrive whole in time"),
            Self::Method => ("此路径不支持该方法：见 `Allow`", "the path does not take this method: see `Allow`"),
            Self::ByteOrderMark => (
                "请求体以字节顺序标记（BOM）开头：请去除",
                "the body starts with a byte order mark (BOM): leave it out",
            ),
            Self::NoObject => ("请求体须为一个 JSON 对象", "the body must be one JSON object"),
            Self::NoJson => (
                "请求体不是 UTF-8 编码的有效 JSON（RFC 8259），或对象之后另有内容",
                "the body is no valid JSON in UTF-8 (RFC 8259), or something follows the object",
            ),
            Self::QueryString => ("路径之后不得有查询字符串", "the path takes no query string"),
            Self::ContentEncoding => (
                "请求体不得压缩：请去除 `Content-Encoding`",
                "the body must not be compressed: leave out `Content-Encoding`",
            ),
            Self::ContentType => (
                "`Content-Type` 须出现一次，为 `application/json`，参数只可有 `charset=utf-8`",
                "`Content-Type` must be there once, as `application/json`, with no parameter but `charset=utf-8`",
            ),
            Self::IdempotencyKey => (
                "`Idempotency-Key` 须只出现一次，为 1 至 64 个可见 ASCII 字符",
                "`Idempotency-Key` must be there once, as 1 to 64 visible ASCII characters",
            ),
            Self::Authorization => (
                "`Authorization` 须只出现一次，为 `Bearer` 与授权凭证",
                "`Authorization` must be there once, as `Bearer` and the consent token",
            ),
            _ => return None,
        })
    }

    fn of_batch(self) -> Option<Pair> {
        Some(match self {
            Self::BatchContentType => (
                "`Content-Type` 须出现一次，为 `application/x-ndjson`，参数只可有 `charset=utf-8`",
                "`Content-Type` must be there once, as `application/x-ndjson`, with no parameter but `charset=utf-8`",
            ),
            Self::BatchId => (
                "`Batch-Id` 须只出现一次，为小写 UUID（RFC 9562）",
                "`Batch-Id` must be there once, as a UUID (RFC 9562) in lower case",
            ),
            Self::BatchAfter => (
                "`Batch-After` 至多出现一次，为已收到应答的最后一行的行号",
                "`Batch-After` may be there once, as the number of the last line whose answer was received",
            ),
            Self::BatchLines => (
                "一个批次须有 1 至 100000 行，合计最大 32 MiB",
                "a batch must have 1 to 100000 lines, and 32 MiB together at most",
            ),
            Self::BatchLine => (
                "每行须为一个 JSON 对象，仅含整数 `line`、查询的成员及可选的 `consent`（文字）",
                "each line must be one JSON object with `line`, a whole number, the members of a query, and `consent`, a string, where one is needed",
            ),
            Self::BatchLineTooLarge => ("一行最大 32 KiB", "a line may have 32 KiB at most"),
            Self::BatchConsent => (
                "该应用场景须有授权：该行的 `consent` 须为授权凭证",
                "the scenario needs a consent: the member `consent` of the line must be the token",
            ),
            Self::BatchLineNumber => (
                "`line` 须为该行在批次中的序号，从 1 起",
                "`line` must be the number of the line in the batch, counted from 1",
            ),
            Self::BatchConflict => (
                "此 `Batch-Id` 已用于内容不同的批次，或此行仍在处理：内容不同的批次请使用新的 `Batch-Id`",
                "this `Batch-Id` was used for other lines, or this line of it is under way: other lines take a new `Batch-Id`",
            ),
            Self::BatchAnswerChanged => (
                "此 `Batch-Id` 下本行的首次应答已逾 24 小时，或结果已变更：请以新的 `Batch-Id` 重新查询，新的查询另行计次",
                "the first answer to this line under this `Batch-Id` is older than 24 hours, or would differ now: ask anew under a new `Batch-Id`, which counts as another query",
            ),
            _ => return None,
        })
    }

    fn of_consent(self) -> Option<Pair> {
        Some(match self {
            Self::UnknownFieldOfConsent => (
                "授权的 `fields` 含有数据清单中没有的数据项：请重新取得授权",
                "`fields` of the consent has a name that is not in the data list: ask for another consent",
            ),
            Self::ConsentOfOtherFields => (
                "授权的 `fields` 含有该应用场景不提供的数据项：请重新取得授权",
                "`fields` of the consent has a field that the scenario does not release: ask for another consent",
            ),
            Self::ConsentRedefined => (
                "授权的 `fields` 中有数据项的定义在授权之后已变更：请重新取得授权，或仅请求其余数据项",
                "a field in `fields` of the consent has another definition than when it was given: ask for another consent, or for the other fields alone",
            ),
            Self::ConsentWithoutFields => (
                "授权未写明 `fields`，且签发于现行目录之前：请重新取得写明 `fields` 的授权",
                "the consent names no `fields` and is older than the catalogue: ask for another that names `fields`",
            ),
            Self::Exceeds(bound) => return Some(exceeds(bound)),
            Self::Withdrawn => (
                "信息主体已撤回此 `jti` 的授权：如仍需查询，请重新取得授权",
                "the person has withdrawn the consent of this `jti`: if you still need it, ask for another",
            ),
            Self::UsedUp => (
                "此授权已达 `uses` 或 `frequency` 的上限：请等待期间届满，或重新取得授权",
                "the consent was used as often as its `uses` or `frequency` says: wait for the period to pass, or ask for another",
            ),
            _ => return None,
        })
    }
}

fn exceeds(bound: Bound) -> Pair {
    match bound {
        Bound::Lifetime => (
            "`exp` − `iat` 超过该应用场景允许的授权期限",
            "`exp` − `iat` is longer than the scenario's consents may live",
        ),
        Bound::Uses => ("`uses` 超过该应用场景的上限", "`uses` is above the maximum of the scenario"),
        Bound::Frequency => ("`frequency` 超过该应用场景的上限", "`frequency` is above the maximum of the scenario"),
        Bound::LookBack => ("`look_back` 超过该应用场景的上限", "`look_back` is above the maximum of the scenario"),
        Bound::DataLife => ("`data_life` 超过该应用场景的上限", "`data_life` is above the maximum of the scenario"),
    }
}
