//! The paths of what credit offices and source departments say of records.

/// What is asked for, by its path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::doors::institutions) enum Right {
    Repair,
    RepairRevocation,
    Decision,
    Corrections,
    Notices,
    Acknowledgement,
}

impl Right {
    const ALL: [(&'static str, Self); 6] = [
        ("/v1/repairs", Self::Repair),
        ("/v1/repairs/revocations", Self::RepairRevocation),
        ("/v1/objections/decisions", Self::Decision),
        ("/v1/corrections", Self::Corrections),
        ("/v1/notices", Self::Notices),
        ("/v1/notices/acknowledgements", Self::Acknowledgement),
    ];

    /// What is asked for at a path.
    pub(in crate::doors::institutions) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == path).map(|(_, right)| right)
    }
}
