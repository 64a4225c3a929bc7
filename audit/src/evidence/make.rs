//! Evidence is gathered while the log is checked, and proved by its tiles.

use std::path::Path;

use super::form::{Entry, FORM, File, Instructions, Scope};
use super::tiles::Tiles;
use crate::checkpoint::Checkpoint;
use crate::edge::Edge;
use crate::leaf::{Base64, Peek};
use crate::merkle;
use crate::note::VerifierKey;
use crate::pruned::PrunedHead;
use crate::verify::{self, CheckError, Visitor};

const CHINESE: &str = "核对：以可信来源的验证公钥运行 credit-audit evidence 文件 --vkey 公钥；或按 audit/FORMAT.md 第 7 至 9、14 节自行核对：以 vkey 验证 checkpoint 的签名；对每条记录计算 SHA-256(0x00 ‖ leaf)，沿 path 得到 checkpoint 的根；机构的 seq（无机构时为 index）须连续。加 --log 与日志比对可查出遗漏。";
const ENGLISH: &str = "To check: credit-audit evidence FILE --vkey KEY, with the verifier key from a source that you trust; or by audit/FORMAT.md, sections 7 to 9 and 14: the checkpoint is signed by vkey; SHA-256(0x00 || leaf) of each entry leads by its path to the root of the checkpoint; the institution's seq (without an institution, index) has no gap. With --log DIR what was left out is found by the log itself.";

/// What was gathered.
pub struct Gathered {
    /// The file.
    pub json: String,
    /// Entries in it.
    pub entries: usize,
    /// The checkpoint that proves them.
    pub checkpoint: Checkpoint,
}

/// Checks the log in a folder, and makes evidence of what the scope names.
///
/// # Errors
/// As [`CheckError`] says.
pub fn make(folder: &Path, key: &VerifierKey, scope: &Scope) -> Result<Gathered, CheckError> {
    let folder = verify::log_directory(folder);
    let unavailable = |why: &dyn std::fmt::Display| CheckError::Unavailable {
        what: folder.display().to_string(),
        why: why.to_string(),
    };
    let signed = std::fs::read_to_string(folder.join("checkpoint")).map_err(|error| unavailable(&error))?;
    let checkpoint = Checkpoint::open(&signed, key).map_err(verify::Violation::Checkpoint)?;
    let mut gather = Gather { scope, size: checkpoint.size, before: None, entries: Vec::new(), after: None };
    // The log may have grown meanwhile: it must continue the checkpoint that is in the file.
    verify::directory(&folder, key, std::slice::from_ref(&checkpoint), &mut gather)?;
    let Gather { before, entries, after, .. } = gather;
    let tiles = Tiles::of(&folder);
    let prove = |(index, leaf): (u64, String)| {
        let path = merkle::inclusion_proof(index, checkpoint.size, &tiles).map_err(|error| unavailable(&error))?;
        Ok(Entry { index, leaf, path: path.into_iter().map(Base64).collect() })
    };
    let file = File {
        form: FORM.to_owned(),
        origin: checkpoint.origin.clone(),
        vkey: key.to_string(),
        scope: scope.clone(),
        instructions: Instructions { zh: CHINESE.to_owned(), en: ENGLISH.to_owned() },
        before: before.map(prove).transpose()?,
        entries: entries.into_iter().map(prove).collect::<Result<_, CheckError>>()?,
        after: after.map(prove).transpose()?,
        checkpoint: signed,
    };
    let json = serde_json::to_string(&file).map_err(|error| unavailable(&error))?;
    Ok(Gathered { json: json + "\n", entries: file.entries.len(), checkpoint })
}

/// The leaves of the scope below a size, and its neighbours.
struct Gather<'a> {
    scope: &'a Scope,
    size: u64,
    before: Option<(u64, String)>,
    entries: Vec<(u64, String)>,
    after: Option<(u64, String)>,
}

impl Visitor for Gather<'_> {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        let PrunedHead { until, last_at, .. } = &edge.head;
        if self.scope.since.is_none_or(|since| since <= *last_at) {
            let why = format!("records up to {last_at} were let go by two officers: name a later beginning");
            return Err(CheckError::Unavailable { what: format!("entry {}", until - 1), why });
        }
        // What is kept is no neighbour: between it and the next there were others.
        self.before = None;
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        if index >= self.size {
            return Ok(());
        }
        let leaf = || (index, peek.text.to_owned());
        if self.scope.is_in_time(peek.at) {
            if self.scope.names(peek) {
                self.entries.push(leaf());
            }
        } else if self.scope.is_neighbour(peek) {
            let is_before = self.scope.since.is_some_and(|since| peek.at < since);
            if is_before {
                self.before = Some(leaf());
            } else if self.after.is_none() {
                self.after = Some(leaf());
            }
        }
        Ok(())
    }
}
