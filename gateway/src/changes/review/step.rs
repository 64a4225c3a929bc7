//! The steps of a review, as they are asked for, and what each came to.

use credit_audit::leaf::Base64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A step of a review.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ReviewStep {
    /// The supervisor commits to a nonce, before the period.
    Committed {
        /// A month or a day.
        period: String,
        /// What commits to the nonce.
        digest: Base64<[u8; 32]>,
    },
    /// The supervisor shows it, after the period.
    Shown {
        /// The period.
        period: String,
        /// The nonce.
        nonce: Base64<[u8; 32]>,
    },
    /// The supervisor commits to the right verdict on a query that it had made.
    Planted {
        /// The period of the query.
        period: String,
        /// What commits to it.
        digest: Base64<[u8; 32]>,
    },
    /// The supervisor shows it.
    Known {
        /// The query.
        query: Uuid,
        /// The right verdict.
        verdict: String,
        /// What it was committed to with.
        nonce: Base64<[u8; 32]>,
    },
    /// A reviewer opens a query.
    Opened {
        /// The query.
        query: Uuid,
    },
    /// A reviewer who opened it judges it.
    Judged {
        /// The query.
        query: Uuid,
        /// `explained`, `unexplained`, `suspicious`.
        verdict: String,
        /// Why.
        reason: String,
    },
    /// A second officer of another unit closes it.
    Closed {
        /// The query.
        query: Uuid,
    },
}

/// What a step came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StepMade {
    /// The leaf's index.
    pub(super) index: u64,
    /// What was opened: the leaf of the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) leaf: Option<Value>,
}
