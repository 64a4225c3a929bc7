//! What can be asked of a gateway over `admin.sock` or by officers, and what it replies: parsed at the edge, typed from there on.

use std::collections::BTreeMap;

use credit_audit::leaf::{Base64, NoticeWay};
use credit_keys::KeyId;
use credit_policy::InstitutionId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    by_two::Warrant,
    destruction::{Destruction, Whose},
    listed::{InstitutionStatus, OpenObjection, Proposals, ShownObjection},
    review::step::{ReviewStep, StepMade},
    turning::TurningUse,
};
use crate::{
    callers::{chain::Chain, institution::InstitutionRecord, suspension::Part, thumbprint::Thumbprint},
    state::about::About,
};

/// A request: one line of JSON over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Change {
    /// Registers an institution.
    InstitutionAdd {
        /// All that is known of it.
        institution: InstitutionRecord,
        /// Its certificates.
        #[serde(default)]
        chains: Vec<Chain>,
    },
    /// Gives an institution one more certificate.
    InstitutionAddCertificate {
        /// The institution.
        id: InstitutionId,
        /// The certificate, with those between it and its authority.
        chain: Chain,
    },
    /// Takes a certificate from an institution.
    InstitutionRemoveCertificate {
        /// The institution.
        id: InstitutionId,
        /// The certificate.
        certificate: Thumbprint,
    },
    /// Suspends an institution, or a part of it, at once.
    InstitutionSuspend {
        /// The institution.
        id: InstitutionId,
        /// What of it.
        #[serde(default)]
        part: Part,
        /// Why; goes on the record.
        reason: Option<String>,
    },
    /// Lets an institution, or a part of it, ask again.
    InstitutionResume {
        /// The institution.
        id: InstitutionId,
        /// What of it.
        #[serde(default)]
        part: Part,
        /// Why; goes on the record.
        reason: Option<String>,
        /// Where it is an officer or the supervisor.
        #[serde(default)]
        proposal: Option<Uuid>,
    },
    /// Stops every query at once, or those of one scenario.
    Stop {
        /// Only this scenario.
        scenario: Option<String>,
        /// Why; goes on the record.
        reason: Option<String>,
    },
    /// Lets queries be answered again.
    Resume {
        /// Only this scenario.
        scenario: Option<String>,
        /// Why; goes on the record.
        reason: Option<String>,
        /// Where two officers are needed.
        #[serde(default)]
        by: Warrant,
    },
    /// Opens the sealed part of a record.
    Unseal {
        /// Its index in the log.
        entry: u64,
        /// Why; goes on the record.
        reason: String,
        /// By what.
        by: Warrant,
    },
    /// An officer proposes what two must approve.
    Propose {
        /// Which kind of act.
        act: String,
        /// SHA-256 of what is proposed.
        digest: Base64<[u8; 32]>,
    },
    /// An officer proposes it in words, of which the gateway makes the digest.
    #[serde(skip)]
    ProposeInWords(About),
    /// An officer approves that records go.
    #[serde(skip)]
    ApprovePruning {
        /// The proposal.
        proposal: Uuid,
        /// Before which record, as the officer says it.
        until: u64,
    },
    /// An officer lets records go, once another approved it.
    #[serde(skip)]
    Prune {
        /// Those before this index.
        until: u64,
        /// The proposal; without one nothing goes.
        proposal: Option<Uuid>,
    },
    /// An officer approves what another proposed.
    Approve {
        /// The proposal.
        proposal: Uuid,
        /// Its digest, as the officer saw it.
        digest: Base64<[u8; 32]>,
    },
    /// An officer proposes the destruction of keys: what names a person never comes as a digest.
    #[serde(skip)]
    ProposeDestruction(Destruction),
    /// An officer approves it.
    #[serde(skip)]
    ApproveDestruction {
        /// The proposal.
        proposal: Uuid,
        /// What the officer takes it for.
        destruction: Destruction,
    },
    /// An officer destroys keys, or one person's part of them, once another approved it.
    #[serde(skip)]
    Destroy {
        /// What.
        destruction: Destruction,
        /// The proposal; without one nothing is destroyed.
        proposal: Option<Uuid>,
    },
    /// An officer proposes to hand over a person's evidence.
    #[serde(skip)]
    ProposeExport(Whose),
    /// An officer approves it.
    #[serde(skip)]
    ApproveExport {
        /// The proposal.
        proposal: Uuid,
        /// Whom the officer takes it for.
        number: Whose,
    },
    /// An officer hands it over, once another approved it.
    #[serde(skip)]
    Export {
        /// Whose.
        number: Whose,
        /// The proposal; without one nothing is handed over.
        proposal: Option<Uuid>,
        /// Whether it is made: only then is the approval spent.
        is_made: bool,
    },
    /// A step of a review.
    Review(ReviewStep),
    /// Lists the proposals, and what may be loaded; no change and no leaf.
    Proposals,
    /// Lists all institutions; no change and no leaf.
    InstitutionList,
    /// Withdraws a consent, on behalf of its issuer.
    ConsentRevoke {
        /// The issuer, as in the token.
        iss: String,
        /// The token's id. Text, since only the policy's own parser makes a token id.
        jti: String,
    },
    /// Records that a person was told of queries.
    NoticeGive {
        /// How.
        way: NoticeWay,
        /// Their ids.
        queries: Vec<String>,
    },
    /// Lists the objections that wait; no change and no leaf.
    ObjectionList,
    /// Shows one: to whom it matters, which record, what was said. That somebody looked is on the record.
    ObjectionShow {
        /// Its id.
        objection: Uuid,
    },
    /// Decides an objection.
    ObjectionDecide {
        /// Its id.
        objection: Uuid,
        /// Whether the record counts no longer.
        upheld: bool,
        /// Why; the person reads it.
        reason: String,
    },
    /// Signs the list of cases that were decided without a look-up, to be handed over. That it was made is on the record.
    CoverageList {
        /// The month, such as `2026-11`; left out = all.
        month: Option<String>,
    },
    /// Publishes the figures of a month that is over, or gives those that were published.
    FiguresPublish {
        /// The month, such as `2026-10`.
        month: String,
    },
    /// Turns the keys of one use.
    KeysRotate {
        /// The use.
        #[serde(rename = "use")]
        key_use: TurningUse,
        /// Days for which the keys before are still accepted.
        overlap_days: u16,
        /// Whether to turn although that retires a key which is still accepted.
        end_overlap: bool,
        /// From when on the new ones are in force, of gateways that count together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
}

/// What a request came to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Made {
    /// An institution is registered.
    Registered {
        /// The leaf's index.
        index: u64,
        /// The institution.
        institution: InstitutionId,
    },
    /// An institution has other certificates.
    Certified {
        /// The leaf's index.
        index: u64,
        /// The institution.
        institution: InstitutionId,
        /// SHA-256 of each of its certificates, in hexadecimal digits.
        certificates: Vec<String>,
    },
    /// An institution is suspended, or may ask again.
    Suspension {
        /// Where that stands.
        #[serde(flatten)]
        leaf: LeafMade,
        /// The institution.
        institution: InstitutionId,
        /// What of it, where it is a part.
        #[serde(default, skip_serializing_if = "Part::is_whole")]
        part: Part,
        /// Whether it is suspended now.
        suspended: bool,
        /// Whether it is a member of staff of whom no query can be shown: the id may be mistyped.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unseen: bool,
    },
    /// Queries are stopped, or answered again.
    Stop {
        /// Where that stands.
        #[serde(flatten)]
        leaf: LeafMade,
        /// Only this scenario.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scenario: Option<String>,
        /// Whether they are stopped now.
        stopped: bool,
        /// Where they are not: what is stopped still, `*` for everything.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        still_stopped: Vec<String>,
    },
    /// An act is proposed.
    Proposed {
        /// The leaf's index.
        index: u64,
        /// The proposal's id.
        proposal: Uuid,
        /// Until when it may be approved.
        expires: Timestamp,
    },
    /// It is approved.
    Approved {
        /// The leaf's index.
        index: u64,
        /// The proposal's id.
        proposal: Uuid,
    },
    /// A step of a review is taken.
    Reviewed(StepMade),
    /// The proposals, and what may be loaded.
    Proposals(Proposals),
    /// A sealed part is opened.
    Unsealed {
        /// The leaf's index that says so.
        index: u64,
        /// The index of the leaf whose part it is.
        entry: u64,
        /// What is in it, by the name of the member.
        opened: BTreeMap<String, Value>,
    },
    /// Keys, or one person's part of them, are destroyed.
    Destroyed {
        /// The indices of the leaves that say so.
        indices: Vec<u64>,
        /// The keys.
        keys: Vec<KeyId>,
        /// How many leaves said again before what is still in force.
        said_again: u64,
    },
    /// Records were let go.
    Pruned {
        /// The leaf's index that says so.
        index: u64,
        /// Those before this index.
        until: u64,
        /// How many of them are in force and kept.
        kept: u64,
        /// Whether they are there until witnesses cosigned that.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        waits: bool,
    },
    /// A person's evidence may be made, or is handed over.
    Exported {
        /// The leaf's index, once it is handed over.
        index: Option<u64>,
    },
    /// A consent is withdrawn.
    Revoked {
        /// Where that stands.
        #[serde(flatten)]
        leaf: LeafMade,
        /// The token's id.
        jti: String,
    },
    /// A notice is on the record.
    Noticed {
        /// The leaf's index.
        index: u64,
        /// How many queries it tells of.
        queries: u64,
    },
    /// The objections that wait, the one due first at the beginning.
    Objections(Vec<OpenObjection>),
    /// One objection.
    Objection(ShownObjection),
    /// An objection is decided.
    Decided {
        /// The leaf's index.
        index: u64,
        /// The objection.
        objection: Uuid,
        /// Whether the record counts no longer.
        upheld: bool,
    },
    /// Figures are published.
    Published {
        /// Where that stands.
        #[serde(flatten)]
        leaf: LeafMade,
        /// The part of the budget that they took.
        epsilon: String,
        /// The file.
        figures: String,
    },
    /// The list is signed.
    CoverageListed {
        /// The leaf's index.
        index: u64,
        /// How many misses it has.
        misses: u64,
        /// Decisions that are not in it: it is not known yet whether another gateway has a look-up before them.
        #[serde(default, skip_serializing_if = "is_none")]
        unknown: u64,
        /// The signed note.
        list: String,
    },
    /// Keys were turned, or the turn before was finished.
    Rotated {
        /// The leaves' indices.
        indices: Vec<u64>,
        /// The keys that are in force now.
        keys: Vec<KeyId>,
        /// From when on they are, where they were handed out to gateways that count together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activates: Option<Timestamp>,
    },
    /// All institutions, by id.
    Listed(Vec<InstitutionStatus>),
}

/// Whether a change made a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LeafMade {
    /// Its index.
    Index(u64),
    /// None: it was in force and on the record already. Always true.
    Already(bool),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Made {
    /// The entry of the log that says so; nothing where it was so already, or nothing is said.
    pub(crate) fn index(&self) -> Option<u64> {
        let reply = serde_json::to_value(self).ok()?;
        let members = reply.as_object()?.values().next()?;
        // Of several the last: by then all of it is on the record.
        members.get("index").or_else(|| members.get("indices")?.as_array()?.last())?.as_u64()
    }
}

/// For people: the members of the reply as JSON.
impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match serde_json::to_value(self) {
            // The name of the variant says nothing that the command did not.
            Ok(serde_json::Value::Object(reply)) => reply.values().next().map(ToString::to_string),
            Ok(_) | Err(_) => None,
        };
        f.write_str(&text.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_is_refused_at_the_edge() {
        for wrong in [
            r#"{}"#,
            r#"{"do":"institution-remove","id":"bank"}"#,
            r#"{"do":"institution-suspend","id":"Bank"}"#,
            r#"{"do":"institution-add-certificate","id":"bank","chain":["00"],"force":true}"#,
            r#"{"do":"institution-add-certificate","id":"bank","chain":[]}"#,
            r#"{"do":"institution-add-certificate","id":"bank","chain":["?"]}"#,
            r#"{"do":"institution-suspend","id":"bank","force":true}"#,
            r#"{"do":"institution-suspend","id":"bank","part":{"desk":"s-1"}}"#,
            r#"{"do":"stop","force":true}"#,
            r#"{"do":"resume","by":{"officers":2}}"#,
            r#"{"do":"notice-give","way":"pigeon","queries":[]}"#,
            r#"{"do":"keys-rotate","use":"log","overlap_days":30,"end_overlap":false}"#,
            r#"{"do":"keys-rotate","use":"tag","overlap_days":30,"end_overlap":false}"#,
            r#"{"do":"keys-rotate","use":"data","overlap_days":-1,"end_overlap":false}"#,
            r#"{"do":"keys-rotate","use":"data","overlap_days":30,"end_overlap":1}"#,
            r#"{"do":"institution-add","institution":{"id":"bank"}}"#,
        ] {
            assert!(serde_json::from_str::<Change>(wrong).is_err(), "{wrong}");
        }
        let right = r#"{"do":"keys-rotate","use":"data","overlap_days":30,"end_overlap":false}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Change>(right).unwrap()).unwrap(), right);
    }

    #[test]
    fn a_reply_reads_as_it_was_written_and_people_see_its_members() {
        for (leaf, text) in [(LeafMade::Index(7), r#"{"index":7,"#), (LeafMade::Already(true), r#"{"already":true,"#)] {
            let made = Made::Revoked { leaf, jti: "t-1".to_owned() };
            let wire = serde_json::to_string(&made).unwrap();
            assert!(matches!(serde_json::from_str(&wire).unwrap(), Made::Revoked { leaf: read, .. } if read == leaf));
            assert_eq!(made.to_string(), format!(r#"{text}"jti":"t-1"}}"#));
        }
        assert_eq!(Made::Listed(Vec::new()).to_string(), "[]");
    }
}
