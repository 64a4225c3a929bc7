//! Trust policies (c2sp.org/tlog-policy): which logs and witnesses count, and which of the witnesses together are enough.

use std::collections::HashMap;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::CosignerKey;
use crate::note::{self, NoteError, VerifierKey, VerifierKeyError};

/// A policy that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The logs, each with its address where one is given.
    pub logs: Vec<(VerifierKey, Option<String>)>,
    /// The witnesses, in the order of the file.
    pub witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// `None` is the quorum `none`.
    quorum: Option<Member>,
}

/// One witness of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in the file, as text: only the file's own.
    pub name: String,
    /// Its key.
    pub key: CosignerKey,
    /// Where checkpoints are submitted to, without `/add-checkpoint`.
    pub address: Option<String>,
}

/// A member of a group, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    least: usize,
    members: Vec<Member>,
}

/// A policy that cannot be read, with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// From 1; the line behind the last where something is missing at the end.
    pub line: usize,
    /// What is wrong there.
    pub fault: PolicyFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// A byte that may not stand in a policy.
    #[error("it contains a control character other than a tab")]
    ControlCharacter,
    /// Without its newline.
    #[error("it does not end in a newline")]
    Newline,
    /// None of the four words.
    #[error("it begins with none of `log`, `witness`, `group` and `quorum`")]
    Word,
    /// Too few or too many items.
    #[error("it has the wrong number of items")]
    Items,
    /// A key that is none, or of another type.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// The same key again, under whatever name.
    #[error("its key stands on an earlier line already")]
    DuplicateKey,
    /// The name is taken, or `none`.
    #[error("its name is taken already, or is `none`")]
    Name,
    /// A name of no earlier line.
    #[error("it names what no earlier line defines")]
    Unknown,
    /// A member of two groups.
    #[error("it names a member that is in a group already")]
    MemberTwice,
    /// Not between 1 and the number of members.
    #[error("its threshold is not `all`, `any` or a number from 1 to the number of its members")]
    Threshold,
    /// No quorum, or two.
    #[error("a policy has exactly one line `quorum`")]
    Quorum,
    /// A name or an address that is not UTF-8.
    #[error("it is not UTF-8")]
    Encoding,
}

/// A checkpoint that a policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Each witness whose cosignature is valid, by its place in the policy, with the time of it in seconds since 1970.
    pub by: Vec<(usize, u64)>,
}

/// A checkpoint that a policy does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWitnessed {
    /// It is none, or no log of the policy signed it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A line with a known witness's name and key id that is no cosignature of it.
    #[error("the cosignature of `{0}` is not valid for this checkpoint")]
    Cosignature(String),
    /// Too few.
    #[error("{have} of {known} known witnesses cosigned the checkpoint: the policy's quorum is not reached")]
    Quorum {
        /// Witnesses with a valid cosignature.
        have: usize,
        /// Witnesses of the policy.
        known: usize,
    },
}

impl TrustPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// As [`PolicyError`] says, of the first line that is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        let mut lines = file.split(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let wrong = |fault| PolicyError { line: at + 1, fault };
            // What is behind the last newline is no line.
            if lines.peek().is_none() {
                if !line.is_empty() {
                    return Err(wrong(PolicyFault::Newline));
                }
                return reading.end().ok_or_else(|| wrong(PolicyFault::Quorum));
            }
            reading.line(line).map_err(wrong)?;
        }
        Err(PolicyError { line: 1, fault: PolicyFault::Quorum })
    }

    /// Whether these witnesses, by their places, are enough.
    #[must_use]
    pub fn is_quorum(&self, cosigned: &[usize]) -> bool {
        let holds = |member: &Member, groups: &[bool]| match *member {
            Member::Witness(at) => cosigned.contains(&at),
            Member::Group(at) => groups.get(at).copied().unwrap_or(false),
        };
        // A group names earlier ones only.
        let mut groups = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let have = group.members.iter().filter(|member| holds(member, &groups)).count();
            groups.push(have >= group.least);
        }
        self.quorum.as_ref().is_none_or(|quorum| holds(quorum, &groups))
    }

    /// Checks a signed checkpoint: by one of the policy's logs (or, where it names none, by `log`), and cosigned by enough
    /// witnesses.
    ///
    /// # Errors
    /// As [`NotWitnessed`] says.
    pub fn check(&self, signed: &str, log: Option<&VerifierKey>) -> Result<Witnessed, NotWitnessed> {
        let logs: Vec<VerifierKey> = match log {
            Some(log) => vec![log.clone()],
            None => self.logs.iter().map(|(key, _)| key.clone()).collect(),
        };
        let note = note::open(signed, &logs).map_err(CheckpointError::Note)?;
        let checkpoint = Checkpoint::parse_with_extensions(note.text())?;
        if !note.signed_by().contains(&checkpoint.origin.as_str()) {
            return Err(CheckpointError::Note(NoteError::Unsigned).into());
        }
        let by = self.cosigned(signed)?;
        let places: Vec<usize> = by.iter().map(|(at, _)| *at).collect();
        if self.is_quorum(&places) {
            Ok(Witnessed { checkpoint, by })
        } else {
            Err(NotWitnessed::Quorum { have: by.len(), known: self.witnesses.len() })
        }
    }

    /// The witnesses that cosigned a note, each once, with the time.
    ///
    /// # Errors
    /// When a line with a known witness's name and key id is no cosignature of it.
    pub fn cosigned(&self, signed: &str) -> Result<Vec<(usize, u64)>, NotWitnessed> {
        let parts = note::parts(signed).map_err(CheckpointError::Note)?;
        let mut by: Vec<(usize, u64)> = Vec::new();
        for line in &parts.signatures {
            let is_of = |witness: &PolicyWitness| witness.key.name() == line.name && witness.key.id() == line.id;
            let Some((at, witness)) = self.witnesses.iter().enumerate().find(|(_, witness)| is_of(witness)) else {
                continue;
            };
            let time = witness.key.verify(parts.text, &line.signature);
            let time = time.ok_or_else(|| NotWitnessed::Cosignature(line.name.to_owned()))?;
            match by.iter_mut().find(|(known, _)| *known == at) {
                Some((_, latest)) => *latest = time.max(*latest),
                None => by.push((at, time)),
            }
        }
        Ok(by)
    }
}

/// A policy that is being read.
#[derive(Default)]
struct Reading {
    logs: Vec<(VerifierKey, Option<String>)>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// Names, as bytes; the flag says that one is a member already.
    names: HashMap<Vec<u8>, (Member, bool)>,
    quorum: Option<Option<Member>>,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        if line.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
            return Err(PolicyFault::ControlCharacter);
        }
        let items: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
        match *items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, ref address @ ..] if address.len() <= 1 => self.log(text(key)?, address),
            [b"witness", name, key, ref address @ ..] if address.len() <= 1 => self.witness(name, text(key)?, address),
            [b"group", name, least, ref members @ ..] if !members.is_empty() => self.group(name, least, members),
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => Err(PolicyFault::Items),
            _ => Err(PolicyFault::Word),
        }
    }

    fn log(&mut self, key: &str, address: &[&[u8]]) -> Result<(), PolicyFault> {
        let key = VerifierKey::parse(key)?;
        if self.logs.iter().any(|(known, _)| known.public() == key.public()) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.logs.push((key, owned(address)?));
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &str, address: &[&[u8]]) -> Result<(), PolicyFault> {
        let key = CosignerKey::parse(key)?;
        if self.witnesses.iter().any(|known| known.key.public() == key.public()) {
            return Err(PolicyFault::DuplicateKey);
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let name = String::from_utf8_lossy(name).into_owned();
        self.witnesses.push(PolicyWitness { name, key, address: owned(address)? });
        Ok(())
    }

    fn group(&mut self, name: &[u8], least: &[u8], members: &[&[u8]]) -> Result<(), PolicyFault> {
        let least = match least {
            b"all" => members.len(),
            b"any" => 1,
            number => {
                let number = crate::checkpoint::decimal(text(number).map_err(|_| PolicyFault::Threshold)?);
                number.and_then(|number| usize::try_from(number).ok()).ok_or(PolicyFault::Threshold)?
            }
        };
        if !(1..=members.len()).contains(&least) {
            return Err(PolicyFault::Threshold);
        }
        let mut places = Vec::with_capacity(members.len());
        for member in members {
            let (place, is_member) = self.names.get_mut(*member).ok_or(PolicyFault::Unknown)?;
            if std::mem::replace(is_member, true) {
                return Err(PolicyFault::MemberTwice);
            }
            places.push(*place);
        }
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { least, members: places });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), PolicyFault> {
        let quorum = match name {
            b"none" => None,
            name => Some(self.names.get(name).ok_or(PolicyFault::Unknown)?.0),
        };
        if self.quorum.replace(quorum).is_some() { Err(PolicyFault::Quorum) } else { Ok(()) }
    }

    fn define(&mut self, name: &[u8], place: Member) -> Result<(), PolicyFault> {
        if name == b"none" || self.names.contains_key(name) {
            return Err(PolicyFault::Name);
        }
        self.names.insert(name.to_owned(), (place, false));
        Ok(())
    }

    fn end(&mut self) -> Option<TrustPolicy> {
        let quorum = self.quorum.take()?;
        let Self { logs, witnesses, groups, .. } = std::mem::take(self);
        Some(TrustPolicy { logs, witnesses, groups, quorum })
    }
}

fn text(bytes: &[u8]) -> Result<&str, PolicyFault> {
    std::str::from_utf8(bytes).map_err(|_| PolicyFault::Encoding)
}

fn owned(address: &[&[u8]]) -> Result<Option<String>, PolicyFault> {
    address.first().map(|address| text(address).map(str::to_owned)).transpose()
}
