//! What the commands say, in English and in Chinese.

mod evidence;
mod published;
mod set;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::checkpoint::{Checkpoint, CheckpointError};
use credit_audit::decision::{Mismatch, Verdict};
use credit_audit::evidence::EvidenceFault;
use credit_audit::leaf::{LinkFault, PeekError};
use credit_audit::links::LinkReport;
use credit_audit::merkle::InvalidProof;
use credit_audit::note::{MAX_SIGNATURES, NoteError, VerifierKeyError};
use credit_audit::person::{Checked, ExportFault};
use credit_audit::promises::Broken;
use credit_audit::proof::ProofError;
use credit_audit::replay::ConsentMismatch;
use credit_audit::translation::{self, Translation};
use credit_audit::trust_policy::{NotWitnessed, TrustPolicy, Witnessed};
use credit_audit::verify::{CheckError, LetGo, Report, Violation};

use jiff::Timestamp;

use super::escape::escaped;
use super::report::Decided;

/// The language of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// As [`translation::language`] says.
    pub(super) fn of_environment() -> Self {
        match translation::language() {
            credit_policy::Language::Zh => Self::Chinese,
            credit_policy::Language::En => Self::English,
        }
    }

    fn pick(self, english: impl Into<String>, chinese: impl Into<String>) -> String {
        match self {
            Self::English => english.into(),
            Self::Chinese => chinese.into(),
        }
    }

    pub(super) fn old_without_log(self) -> String {
        self.pick(
            "--old needs a log to compare with: name its folder or address",
            "--old 需要与日志比对：请给出日志的文件夹或网址",
        )
    }

    /// Who cosigned the log.
    pub(super) fn witnessed(self, policy: &TrustPolicy, Witnessed { checkpoint, by }: &Witnessed) -> String {
        let (have, known, size) = (by.len(), policy.witnesses.len(), checkpoint.size);
        let last = by.iter().filter_map(|(_, at)| Timestamp::from_second(i64::try_from(*at).ok()?).ok()).max();
        let last = last.map(|at| at.to_string()).unwrap_or_default();
        self.pick(
            format!("cosigned at size {size} by {have} of {known} witnesses, last at {last}: the policy's quorum\n"),
            format!("大小为 {size} 时，{known} 个见证方中有 {have} 个联署，最近一次于 {last}：达策略所定的法定数\n"),
        )
    }

    /// Where a witness serves.
    pub(super) fn witness_serves(self, address: std::net::SocketAddr) -> String {
        self.pick(format!("serving on http://{address}\n"), format!("服务地址：http://{address}\n"))
    }

    pub(super) fn show_needs_files(self) -> String {
        self.pick(
            "to list a log from its address, give --vkey, and an auditor's --cert and --key with --ca",
            "从网址列出日志，须给出 --vkey，以及审计人员的 --cert、--key 与 --ca",
        )
    }

    /// The head of a table of records.
    pub(super) fn show_columns(self) -> [&'static str; 10] {
        match self {
            Self::English => {
                ["index", "at", "kind", "institution", "seq", "operator", "scenario", "case", "outcome", "code"]
            }
            Self::Chinese => ["位置", "时间", "种类", "机构", "序号", "经办人", "场景", "案件", "结果", "代码"],
        }
    }

    pub(super) fn verifier_key(self, file: &Path, error: VerifierKeyError) -> String {
        let chinese = match error {
            VerifierKeyError::Form => "验证公钥应为一行“名称+编号+公钥”",
            VerifierKeyError::Name => "公钥名称为空，或含有空格、控制字符",
            VerifierKeyError::Key => "公钥不是类型 0x01 的 Ed25519 公钥的 base64",
            VerifierKeyError::CosignerKey => "公钥不是类型 0x04 的 Ed25519 公钥或类型 0x06 的 ML-DSA-44 公钥的 base64",
            VerifierKeyError::Id => "公钥编号与名称、公钥不符：是否复制完整？",
        };
        let file = escaped(&file.display().to_string());
        self.pick(format!("`{file}`: {error}"), format!("`{file}`：{chinese}"))
    }

    pub(super) fn peer_needs_folder(self) -> String {
        self.pick(
            "--peer compares two folders: name the folder of the log, not its address",
            "--peer 比对两个文件夹：请给出日志的文件夹，而非网址",
        )
    }

    /// What was found of two logs that fit together.
    pub(super) fn links(self, origin: &str, links: &LinkReport) -> String {
        let LinkReport { linked, refused, refused_there, open } = links;
        let mut lines = vec![self.pick(
            format!("{linked} linked with `{origin}`, each by both logs; {refused_there} refused there"),
            format!("与 `{origin}` 互相指明的查询 {linked} 次；被其拒绝 {refused_there} 次"),
        )];
        if *refused > 0 {
            lines.push(self.pick(
                format!("{refused} answered there and refused here: the answer was not passed on"),
                format!("另有 {refused} 次在彼处应答而在此处拒绝：应答未转出"),
            ));
        }
        if *open > 0 {
            lines.push(self.pick(
                format!(
                    "{open} answered there at the end of this log: check again when it has gone on for five minutes"
                ),
                format!("另有 {open} 次在本日志末尾时在彼处应答：请在日志延续五分钟后再核验"),
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// What holds of an export.
    pub(super) fn export(self, export: &Checked, log: Option<&Report>, is_key_given: bool) -> String {
        let Checked { checkpoint, statement, entries, done_for, left_out, goes_on, .. } = export;
        let mut lines = vec![self.pick(
            format!(
                "the export is valid: {}, recorded as entry {statement} of `{}`, signed at size {}",
                count(*entries as u64, "query", "queries"),
                checkpoint.origin,
                checkpoint.size
            ),
            format!(
                "导出文件有效：共 {entries} 次查询；其自身是 `{}` 的第 {statement} 条记录（从 0 起），签名时共 {} 条",
                checkpoint.origin, checkpoint.size
            ),
        )];
        if *done_for > 0 {
            lines.push(self.pick(
                format!("{} for the person by others", count(*done_for as u64, "act", "acts")),
                format!("另有他人代办事项 {done_for} 项"),
            ));
        }
        if *goes_on {
            lines.push(self.pick(
                "it is not all of them: another file has the earlier ones",
                "这不是全部：更早的查询在另一份文件中",
            ));
        }
        if !is_key_given {
            lines.push(self.pick(
                "the verifier key is the one in the file, which proves less: give --vkey",
                "所用验证公钥取自文件本身，证明力较弱；请以 --vkey 提供",
            ));
        }
        match log {
            Some(log) => {
                lines.extend(self.log_holds(log));
                lines.push(self.pick(
                    "no query with one of the export's tags is missing in it",
                    "带有文件所列标签的查询，无一缺漏",
                ));
                let withheld = left_out.iter().map(|name| escaped(name)).collect::<Vec<_>>().join(", ");
                lines.push(self.pick(
                    format!("withheld until a notice, or by law, as the gateway says: {withheld}"),
                    format!("据网关所述，以下场景依法暂缓或免于告知：{withheld}"),
                ));
            }
            None => lines.push(self.pick(
                "whether a query was left out is seen only with the log: give --log",
                "是否漏列查询，只有与日志比对才能看出；请以 --log 给出日志",
            )),
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// What holds, in a few lines.
    pub(super) fn holds(
        self,
        log: Option<&Report>,
        receipt: Option<&(u64, Checkpoint)>,
        decided: Option<Decided>,
    ) -> String {
        let mut lines = Vec::new();
        if let Some((index, Checkpoint { origin, size, .. })) = receipt {
            lines.push(self.pick(
                format!("the receipt is valid: the leaf is entry {index} of `{origin}`, signed at size {size}"),
                format!("回执有效：该记录是 `{origin}` 的第 {index} 条（从 0 起），签名时共 {size} 条"),
            ));
        }
        if let Some(log) = log {
            lines.extend(self.log_holds(log));
        }
        if let Some(Decided { queries, verified, unverified }) = decided {
            lines.push(self.pick(
                format!("{} decided again, each as recorded", count(queries, "query", "queries")),
                format!("已重新判定 {queries} 次查询，均与记录一致"),
            ));
            if verified > 0 {
                lines.push(self.pick(
                    format!("{} verified by their issuers' keys", count(verified, "consent", "consents")),
                    format!("已用签发方公钥核验 {verified} 份授权"),
                ));
            }
            if unverified > 0 {
                lines.push(self.pick(
                    format!(
                        "{} NOT verified: no issuer's key is on the record; give --issuer-keys",
                        count(unverified, "consent", "consents")
                    ),
                    format!("另有 {unverified} 份授权未能核验：记录中没有签发方公钥，请以 --issuer-keys 提供"),
                ));
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// How many files a copy took.
    pub(super) fn mirrored(self, files: u64) -> String {
        self.pick(
            format!("{} fetched; all of the copy was checked\n", count(files, "file", "files")),
            format!("已取得 {files} 个文件；副本已全部核验\n"),
        )
    }

    fn log_holds(self, log: &Report) -> Vec<String> {
        let Checkpoint { origin, size, root } = &log.checkpoint;
        let root = STANDARD.encode(root);
        let mut lines = vec![self.pick(
            format!("the log is valid: `{origin}`, {}, root {root}", count(*size, "entry", "entries")),
            format!("日志核验通过：`{origin}`，共 {size} 条，根 {root}"),
        )];
        lines.push(match &log.leaves {
            Some(leaves) => self.pick(
                format!(
                    "{} in {} checked, of {}",
                    count(leaves.count, "leaf", "leaves"),
                    count(log.files, "file", "files"),
                    count(leaves.institutions.len() as u64, "institution", "institutions")
                ),
                format!(
                    "已核对 {} 条记录、{} 个文件，涉及 {} 个机构",
                    leaves.count,
                    log.files,
                    leaves.institutions.len()
                ),
            ),
            None => self.pick(
                format!(
                    "{} checked; leaves were not checked (entry bundles go to auditors only)",
                    count(log.files, "hash tile", "hash tiles")
                ),
                format!("已核对 {} 个哈希块；未核对记录内容（记录只提供给审计人员）", log.files),
            ),
        });
        lines.extend(log.let_go.iter().map(|LetGo { until, kept, leaf, .. }| {
            let last = until - 1;
            self.pick(
                format!(
                    "entries 0 to {last} were let go by two officers (entry {leaf}): their hashes are held, and {kept} of them that \
                     are in force"
                ),
                format!("第 0 至 {last} 条已由两名管理人员决定不再保存（见第 {leaf} 条）：其哈希仍在，其中仍有效力的 {kept} 条亦在"),
            )
        }));
        lines.extend(log.earlier.iter().map(|earlier| {
            self.pick(
                format!("it continues the checkpoint of size {earlier}"),
                format!("它延续了大小为 {earlier} 的检查点"),
            )
        }));
        lines
    }

    /// Why there is no result, in one line.
    pub(super) fn failure(self, failure: &CheckError) -> String {
        match (self, failure) {
            (Self::English, failure) => failure.to_string(),
            (Self::Chinese, CheckError::Violation(fault)) => fault_in_chinese(fault),
            (Self::Chinese, CheckError::Unavailable { what, why }) => {
                format!("`{what}` 无法取得：{}", self.fault(why))
            }
        }
    }

    /// What stands between a word and what it is about.
    pub(super) fn colon(self) -> &'static str {
        match self {
            Self::English => ": ",
            Self::Chinese => "：",
        }
    }

    /// A fault that is written in English, in this language.
    pub(super) fn fault(self, text: &str) -> String {
        match self {
            Self::English => text.to_owned(),
            Self::Chinese => Translation::parse(&[translation::CHINESE]).of(text),
        }
    }
}

fn count(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

fn fault_in_chinese(fault: &Violation) -> String {
    match fault {
        Violation::Checkpoint(error) => checkpoint(error),
        Violation::Receipt(error) => receipt(error),
        Violation::Export(ExportFault::Checkpoint(error)) => checkpoint(error),
        Violation::Export(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Evidence(EvidenceFault::Checkpoint(error)) => checkpoint(error),
        Violation::Evidence(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Witnesses(NotWitnessed::Checkpoint(error)) => checkpoint(error),
        Violation::Witnesses(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Review(error) => Language::Chinese.fault(&error.to_string()),
        Violation::List(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Figures(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Pruned(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Set(error) => Language::Chinese.fault(&error.to_string()),
        Violation::Directory { index, cause } => {
            format!("目录第 {index} 条：{}", Language::Chinese.fault(&cause.to_string()))
        }
        Violation::InLog { origin, cause } => format!("日志 `{origin}`：{}", fault_in_chinese(cause)),
        Violation::Missing { path } => format!("缺少 `{path}`"),
        Violation::Stranger { path } => format!("`{path}` 既不是哈希块也不是记录包，不应在此"),
        Violation::NotAFile { path } => format!("`{path}` 不是普通文件"),
        Violation::Length { path } => format!("`{path}` 长度不对"),
        Violation::Framing { path } => format!("`{path}` 不是其宽度的记录包"),
        Violation::Hash { path, position } => format!("`{path}` 第 {position} 个哈希与其下内容不符"),
        Violation::Beginning { path } => format!("`{path}` 不是更宽记录包的开头"),
        Violation::Hanging { path } => format!("`{path}` 中有哈希，其下却没有内容"),
        Violation::Leaf { index, cause } => format!("第 {index} 条：{}", peek(*cause)),
        Violation::Time { index } => format!("第 {index} 条早于前一条"),
        Violation::Seq { index, institution, wanted, found } => {
            format!("第 {index} 条：`{institution}` 的序号是 {found}，应为 {wanted}")
        }
        Violation::Anonymous { index } => format!("第 {index} 条是机构的查询，却没有机构名及序号"),
        Violation::OutOfPlace { index } => format!("第 {index} 条是位置不对或属于别的日志的 `open`，或在 `seal` 之后"),
        Violation::Root { size } => format!("日志与大小为 {size} 的已签名检查点的根不符"),
        Violation::Shortened { size, earlier } => {
            format!("日志有 {size} 条，而此前签名的检查点有 {earlier} 条：日志被截短或回退")
        }
        Violation::Link { index, cause } => format!("第 {index} 条：{}", link(cause)),
        Violation::LinkThere { index, cause } => format!("另一日志第 {index} 条：{}", link(cause)),
        Violation::Promise { index, cause } => format!("第 {index} 条：{}", broken(cause)),
        Violation::Decision { index, cause } => format!("第 {index} 条重新判定结果不同：{}", mismatch(cause)),
    }
}

fn checkpoint(error: &CheckpointError) -> String {
    match error {
        CheckpointError::Note(error) => format!("检查点无效：{}", note(error)),
        CheckpointError::Encoding => "检查点不是 UTF-8".to_owned(),
        CheckpointError::Form => "检查点应为三行：名称、大小、根".to_owned(),
        CheckpointError::Size(size) => format!("检查点的大小 `{size}` 不是数字"),
        CheckpointError::Root => "检查点的根不是 32 字节的 base64".to_owned(),
        CheckpointError::Origin { found, wanted } => format!("检查点属于日志 `{found}`，而公钥属于 `{wanted}`"),
    }
}

fn note(error: &NoteError) -> String {
    match error {
        NoteError::TooLong => "签名文本过长".to_owned(),
        NoteError::ControlCharacter => "签名文本含有控制字符；请原样重新取得，勿改换行符".to_owned(),
        NoteError::Form => "签名文本应为正文、空行、签名行，每行以换行结束".to_owned(),
        NoteError::SignatureLine(line) => format!("第 {line} 个签名行格式不对"),
        NoteError::TooManySignatures => format!("签名多于 {MAX_SIGNATURES} 个"),
        NoteError::Signature(name) => format!("`{name}` 的签名与正文不符"),
        NoteError::Unsigned => "没有所给公钥的签名".to_owned(),
    }
}

fn receipt(error: &ProofError) -> String {
    match error {
        ProofError::Form(part) => format!("回执不是 c2sp.org/tlog-proof@v1：{}", Language::Chinese.fault(part)),
        ProofError::Checkpoint(error) => format!("回执中的{}", checkpoint(error)),
        ProofError::Inclusion(error) => {
            let why = match error {
                InvalidProof::Outside => "序号或大小超出日志",
                InvalidProof::Length => "哈希个数不对",
                InvalidProof::Root => "指向另一个根",
            };
            format!("回执不能证明该记录：{why}")
        }
    }
}

fn peek(error: PeekError) -> &'static str {
    match error {
        PeekError::TooLong => "记录超过 16 KiB",
        PeekError::Line => "记录不是一行 JSON",
        PeekError::Version => "记录开头不是 `\"v\":1`",
        PeekError::Kind => "`kind` 格式不对",
        PeekError::Id => "`id` 不是 UUIDv7",
        PeekError::At => "`at` 不是精确到微秒的 UTC 时刻",
        PeekError::Actor => "`actor` 格式不对",
        PeekError::Institution => "`institution` 或 `seq` 格式不对",
    }
}

fn mismatch(cause: &Mismatch) -> String {
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::Answered => "已答复".to_owned(),
        Verdict::Refused(code) => format!("拒绝（{}）", code.map_or("无代码", |code| code.as_str())),
    };
    match cause {
        Mismatch::Malformed(why) => format!("不是查询记录：{}", Language::Chinese.fault(why)),
        Mismatch::Catalogue(label) => format!("它依据的规则目录是 `{label}`"),
        Mismatch::Date => "`inputs.on` 不是 `at` 的日期".to_owned(),
        Mismatch::Key(key) => format!("缺少 `{key}`，或未答复、无机构却有它"),
        Mismatch::OnBehalf => "`on_behalf.kind` 与 `inputs.kind` 不同".to_owned(),
        Mismatch::Ground => "`ground` 不是该场景的依据".to_owned(),
        Mismatch::Outcome { leaf, again } => format!("记录为{}，按规则应为{}", verdict(leaf), verdict(again)),
        Mismatch::Fields => "`fields` 不是规则所提供的数据项".to_owned(),
        Mismatch::Rules => "`rules` 不是作出判定的规则".to_owned(),
        Mismatch::Consent(cause) => consent(cause),
        Mismatch::Notice => "`notice` 与规则目录所定不符".to_owned(),
    }
}

fn link(cause: &LinkFault) -> String {
    match cause {
        LinkFault::Form => "`on_behalf` 或 `remote` 格式不对，或出现在不可有它的查询中".to_owned(),
        LinkFault::NotThere(index) => format!("它所指的另一日志第 {index} 条不是本日志所提出的查询"),
        LinkFault::Altered(index) => format!("另一日志第 {index} 条的哈希与所记不同"),
        LinkFault::Other(index) => format!("另一日志第 {index} 条所指的查询、机构、证书、类型或场景不同"),
        LinkFault::Refused(index) => format!("它据以应答的另一日志第 {index} 条是拒绝"),
        LinkFault::Twice(index) => format!("另一日志第 {index} 条已被前面的记录所指"),
        LinkFault::Unnamed(index) => format!("它由另一日志第 {index} 条应答，却未注明"),
        LinkFault::Unrecorded { query } => format!(
            "另一日志应答了本日志的查询 {query}，而本日志没有该查询：提出查询的网关在留痕之前停止且未发出任何内容，或记录缺失，或为另一日志捏造"
        ),
    }
}

fn consent(cause: &ConsentMismatch) -> String {
    match cause {
        ConsentMismatch::Invalid(fault) => {
            format!("其中的授权无效：{}", fault.detail(credit_policy::Language::Zh))
        }
        ConsentMismatch::First(index) => format!("它所指的第 {index} 条没有授权"),
        ConsentMismatch::Terms => "`inputs.consent` 与 `scenario` 不是授权所载".to_owned(),
        ConsentMismatch::Certificate => "授权属于另一机构的证书持有者".to_owned(),
        ConsentMismatch::OnBehalf => "`on_behalf` 所写的证书属于本日志所在网关自己名册中的机构".to_owned(),
        ConsentMismatch::Time => "授权在 `at` 时不在有效期内".to_owned(),
        ConsentMismatch::Uses { allowed, found } => format!("授权只可使用 {allowed} 次，而这是第 {found} 次"),
    }
}

fn broken(cause: &Broken) -> String {
    match cause {
        Broken::Form(why) => format!("记录的写法与其种类不符：{}", Language::Chinese.fault(&why.to_string())),
        Broken::Suspended(institution) => format!("`{institution}` 已被暂停，其查询却得到答复"),
        Broken::Stopped => "已全部停止或停止该场景，查询却得到答复".to_owned(),
        Broken::Removed(institution) => format!("`{institution}` 已不在登记册中"),
        Broken::Register(institution) => {
            format!("登记册不能这样变更：`{institution}` 在登记前已有行为、重复登记或不在册")
        }
        Broken::Certificate(institution) => format!("所用证书不是为 `{institution}` 登记的证书"),
        Broken::Withdrawn => "授权已撤回，查询却得到答复".to_owned(),
        Broken::UseAgain(number) => format!("该授权的第 {number} 次使用此前已有"),
        Broken::UseBeyond { .. } | Broken::AnsweredTwice(_) => Language::Chinese.fault(&cause.to_string()),
        Broken::Repeats(first) => {
            format!("`repeats` 为 {first}，但此前没有同一机构以同一幂等键提出并得到答复的该查询")
        }
        Broken::Correction(query) => {
            format!("{query} 不是已答复某机构的查询、此后没有记录退出答复，或者更正不是由网关记载的")
        }
        Broken::Fetched(query) => format!("领取者对 {query} 没有应领取的更正"),
        Broken::Id(id) => format!("编号 {id} 此前的记录已有"),
        Broken::First(first) => format!("`first` 为 {first}，但此前该条没有该授权凭证"),
        Broken::Token => "其中的授权没有 `iss` 与 `jti`".to_owned(),
        Broken::KeyAgain(key) => format!("密钥 `{key}` 此前已登记、已是另一把密钥，或退回先前的状态"),
        Broken::Key(key) => format!("密钥 `{key}` 此前未登记，或已销毁"),
        Broken::Catalogue(label) => format!("规则目录 `{label}` 此前未登记"),
        Broken::Refusals => "`seqs`、`counts` 与 `seq` 不一致".to_owned(),
        Broken::Seal => "各机构的最后序号与此前的记录不符".to_owned(),
        Broken::Approval => "此前没有该提议，或内容不同、已过期、已批准过、由同一人批准".to_owned(),
        Broken::NotByTwo(what) => format!("“{what}”未经两名管理人员批准即被加载或提议"),
    }
}
