//! The log's side of c2sp.org/tlog-witness: asks the witnesses of a trust policy to cosign a checkpoint, and joins what
//! they sign. Nothing that is answered waits for it.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, decimal};
use crate::evidence::tiles::Tiles;
use crate::log::disk::staged;
use crate::merkle::{self, ProveError};
use crate::note::VerifierKey;
use crate::trust_policy::{NotWitnessed, TrustPolicy};
use crate::verify::{ClientFiles, Remote, RemoteError};

/// The name of the file beside `checkpoint` that the witnesses cosigned.
pub const WITNESSED: &str = "checkpoint.witnessed";

/// Longest answer of a witness: some dozen signatures of ML-DSA-44.
const LONGEST_ANSWER: usize = 128 * 1024;

/// The witnesses of a policy that have an address.
pub struct Cosigning {
    policy: TrustPolicy,
    asked: Vec<Mutex<Asked>>,
}

/// One witness.
struct Asked {
    place: usize,
    remote: Remote,
    /// The size that it cosigned last, as far as is known.
    size: u64,
}

/// A policy by which nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum CosigningError {
    /// It lists logs, and not this one.
    #[error("it lists logs, but not this one by its key: add the line `log {0}`")]
    OtherLog(String),
    /// An address.
    #[error("the witness `{name}`: {why}")]
    Address {
        /// Its name in the policy.
        name: String,
        /// What is wrong with its address.
        why: RemoteError,
    },
    /// Whoever has an address is not enough.
    #[error("its quorum is not reached by the witnesses that have an address: add the addresses to their lines")]
    OutOfReach,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// It does not answer, or not in this protocol.
    #[error("the witness `{name}`: {why}")]
    Unavailable {
        /// Its name in the policy.
        name: String,
        /// Why.
        why: String,
    },
    /// It remembers more than this log has.
    #[error(
        "the witness `{name}` has cosigned size {size} of this log, which has {have}: the log was rolled back, or another \
         gateway signs with its key"
    )]
    Longer {
        /// Its name in the policy.
        name: String,
        /// What it remembers.
        size: u64,
        /// The size of the checkpoint.
        have: u64,
    },
    /// It remembers another history.
    #[error(
        "the witness `{name}` refuses the checkpoint: it does not continue what the witness cosigned before ({why})"
    )]
    Refused {
        /// Its name in the policy.
        name: String,
        /// What it said.
        why: String,
    },
    /// What it signed.
    #[error("the witness `{name}` answers without a valid cosignature by its key")]
    Signature {
        /// Its name in the policy.
        name: String,
    },
    /// Tiles of the log.
    #[error("the proof for a witness cannot be made: {0}")]
    Proof(#[from] ProveError),
}

impl Cosigning {
    /// Prepares to ask; nothing is sent yet. `files` are the authorities of those with an `https` address.
    ///
    /// # Errors
    /// As [`CosigningError`] says.
    pub fn new(policy: TrustPolicy, log: &VerifierKey, files: &ClientFiles) -> Result<Self, CosigningError> {
        if !policy.logs.is_empty() && policy.logs.iter().all(|(key, _)| key != log) {
            return Err(CosigningError::OtherLog(log.to_string()));
        }
        let mut asked = Vec::new();
        for (place, witness) in policy.witnesses.iter().enumerate() {
            let Some(address) = &witness.address else { continue };
            let remote = Remote::new(address, files)
                .map_err(|why| CosigningError::Address { name: witness.name.clone(), why })?;
            asked.push(Mutex::new(Asked { place, remote, size: 0 }));
        }
        let places: Vec<usize> =
            asked.iter_mut().filter_map(|asked| asked.get_mut().ok()).map(|one| one.place).collect();
        if !policy.is_quorum(&places) {
            return Err(CosigningError::OutOfReach);
        }
        Ok(Self { policy, asked })
    }

    /// How many witnesses can be asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.asked.len()
    }

    /// Whether nobody can be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Asks one of them to cosign a checkpoint whose tiles stand in the log's folder. Gives its signature lines, or nothing
    /// where there is no such witness. Blocks, for half a minute at most.
    ///
    /// # Errors
    /// As [`NotCosigned`] says.
    pub fn ask(&self, at: usize, folder: &Path, signed: &str, checkpoint: &Checkpoint) -> Result<String, NotCosigned> {
        let Some(asked) = self.asked.get(at) else { return Ok(String::new()) };
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.policy.witnesses.get(asked.place).map(|witness| witness.name.clone()).unwrap_or_default();
        // Its last size may be unknown, or another log's process asked since: it says so, once.
        for _ in 0..2 {
            let body = body(asked.size.min(checkpoint.size), folder, signed, checkpoint)?;
            let (status, answer) = asked
                .remote
                .post("add-checkpoint", body.into_bytes(), LONGEST_ANSWER)
                .map_err(|error| NotCosigned::Unavailable { name: name.clone(), why: error.to_string() })?;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            match status {
                200 => {
                    self.accept(&asked, signed, &answer).ok_or(NotCosigned::Signature { name })?;
                    asked.size = checkpoint.size;
                    return Ok(answer);
                }
                409 => {
                    let size = answer.strip_suffix('\n').and_then(decimal);
                    let size = size.ok_or_else(|| NotCosigned::Unavailable {
                        name: name.clone(),
                        why: "it answers 409 without a size".to_owned(),
                    })?;
                    if size > checkpoint.size {
                        return Err(NotCosigned::Longer { name, size, have: checkpoint.size });
                    }
                    asked.size = size;
                }
                422 => return Err(NotCosigned::Refused { name, why: first_line(&answer) }),
                status => {
                    let why = format!("it answers {status}: {}", first_line(&answer));
                    return Err(NotCosigned::Unavailable { name, why });
                }
            }
        }
        Err(NotCosigned::Unavailable { name, why: "its size changed meanwhile".to_owned() })
    }

    /// The checkpoint with these witnesses' lines, and whether they are a quorum. Lines that are no cosignature by a key of
    /// the policy are left out.
    ///
    /// # Errors
    /// As [`NotWitnessed`] says.
    pub fn join(&self, signed: &str, lines: &[String]) -> Result<(String, bool), NotWitnessed> {
        let mut note = signed.to_owned();
        for line in lines.iter().flat_map(|lines| lines.lines()) {
            let with = format!("{note}{line}\n");
            // A line by a stranger adds nobody.
            if self.policy.cosigned(&with)?.len() > self.policy.cosigned(&note)?.len() {
                note = with;
            }
        }
        let places: Vec<usize> = self.policy.cosigned(&note)?.into_iter().map(|(place, _)| place).collect();
        Ok((note, self.policy.is_quorum(&places)))
    }

    fn accept(&self, asked: &Asked, signed: &str, answer: &str) -> Option<()> {
        let cosigned = self.policy.cosigned(&format!("{signed}{answer}")).ok()?;
        cosigned.iter().any(|(place, _)| *place == asked.place).then_some(())
    }
}

/// Publishes a checkpoint that a quorum cosigned, beside the log's own. Durable when it returns.
///
/// # Errors
/// When the folder cannot be written.
pub fn publish(folder: &Path, note: &str) -> io::Result<()> {
    staged::replace(&folder.join(WITNESSED), note.as_bytes())
}

/// What is submitted.
fn body(old: u64, folder: &Path, signed: &str, checkpoint: &Checkpoint) -> Result<String, ProveError> {
    let proof = match old {
        0 => Vec::new(),
        old if old == checkpoint.size => Vec::new(),
        old => merkle::consistency_proof(old, checkpoint.size, &Tiles::of(folder))?,
    };
    let proof: String = proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash))).collect();
    Ok(format!("old {old}\n{proof}\n{signed}"))
}

/// Enough of an answer to say what it is about.
fn first_line(answer: &str) -> String {
    answer.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}
