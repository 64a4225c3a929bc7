//! On what look-ups by statute rest: what a jurisdiction must confirm, and what has no ground in it.

use credit_policy::{Basis, Catalogue, Class, Field, Ground, Mark, Rank, RuleId, Scenario, Unused};

use crate::terminal::{chinese, language, print, words};

/// The articles that a scenario rests on here, the fields that none carries, and whether a written consent must be on file.
pub(super) fn of(scenario: &Scenario) {
    for basis in scenario.bases_here() {
        print(format_args!("    {}  {}", line(basis), basis.article().says(language())));
    }
    if scenario.consent_on_file() {
        let said = words("申请人的书面同意须存档", "the applicant's written consent must be in the file");
        print(format_args!("    {said}"));
    }
    let withheld: Vec<_> = scenario.withheld().map(|field| Field::name(field).as_str()).collect();
    if !withheld.is_empty() {
        let said = words("本辖区无依据，不提供", "no ground here, not released");
        print(format_args!("    {said} {}", withheld.join(" ")));
    }
}

/// The scenarios that have no ground in this jurisdiction, with why.
pub(super) fn elsewhere(catalogue: &Catalogue) {
    for scenario in catalogue.ungrounded() {
        print(format_args!("\n{}  {}", scenario.name(), scenario.title(language())));
        print(format_args!(
            "  {} {}",
            words("不可用：本辖区无依据", "not available: no ground in"),
            catalogue.jurisdiction()
        ));
        for basis in scenario.bases() {
            let why = match basis.unused() {
                Some(Unused::Elsewhere) => words("属其他辖区", "the law of another place"),
                Some(Unused::BelowRank) => words("效力级别低于所接受的下限", "of a lower rank than is accepted"),
                Some(Unused::Repealed) => words("已废止", "repealed"),
                None => words("不涵盖所列数据项", "carries none of the fields"),
            };
            print(format_args!("    {}  {why}", line(basis)));
        }
    }
}

/// What a jurisdiction must confirm before it relies on a look-up: articles that are neither law nor administrative
/// regulation (PIPL art. 34), that were not read in a collection, or that are drafts or made up.
pub(super) fn to_confirm(catalogue: &Catalogue) {
    print(format_args!("{}  {}", catalogue.label(), catalogue.jurisdiction()));
    for scenario in catalogue.scenarios() {
        let low: Vec<_> = scenario.bases_here().filter(|basis| is_to_confirm(basis)).collect();
        let documents = documents(catalogue, scenario);
        if low.is_empty() && documents.is_empty() {
            continue;
        }
        print(format_args!("\n{}  {}", scenario.name(), scenario.title(language())));
        for basis in low {
            print(format_args!("  {}  {}", line(basis), basis.article().says(language())));
        }
        documents.into_iter().for_each(|document| print(format_args!("  {document}")));
    }
    elsewhere(catalogue);
    unsaid(catalogue);
}

/// What the rows of a place must say and these do not: the impact assessment of a scenario (PIPL, art. 55), and who provides
/// the entries of a class and how often they are brought up to date. The rows that are built in are of no place, and say none.
fn unsaid(catalogue: &Catalogue) {
    let scenarios = catalogue.scenarios();
    let scenarios = scenarios.iter().filter(|scenario| scenario.assessment().is_none()).map(|row| row.name().as_str());
    let held: Vec<_> = catalogue.classes().filter(|class| class.is_held()).collect();
    let without =
        |says: fn(&Class) -> bool| held.iter().filter(move |class| !says(class)).map(|row| row.name().as_str());
    missing(
        words("未写明个人信息保护影响评估报告", "no `assessment`: report of the impact assessment (PIPL 55)"),
        scenarios,
    );
    missing(
        words("未写明数据提供单位", "no `provider`: department that provides the entries"),
        without(|class| class.provider(language()).is_some()),
    );
    missing(
        words("未写明更新频率", "no `refresh`: how often the entries are brought up to date"),
        without(|class| class.refresh().is_some()),
    );
}

fn missing<'a>(what: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if !names.is_empty() {
        print(format_args!("\n{what}\n  {}", names.join(" ")));
    }
}

fn is_to_confirm(basis: &Basis) -> bool {
    let (source, mark) = (basis.source(), basis.article().mark());
    source.rank() > Rank::AdministrativeRegulation || mark != Mark::Read || source.is_made_up()
}

/// The documents of a public scenario that are neither law nor administrative regulation.
fn documents(catalogue: &Catalogue, scenario: &Scenario) -> Vec<String> {
    let rule = RuleId::parse(&format!("scenario/{}", scenario.name())).ok();
    let row = rule.and_then(|rule| catalogue.rule(&rule)).filter(|_| scenario.ground() == Ground::Public);
    let low = row.into_iter().flat_map(|row| catalogue.documents(row));
    let low = low.filter(|document| document.rank() > Rank::AdministrativeRegulation);
    low.map(|document| {
        let (code, rank, place) = (document.code(), document.rank(), document.jurisdiction());
        format!("{code} {rank} {place}  {} {}", document.title(language()), document.number())
    })
    .collect()
}

/// Code, article, rank and place of a ground, and what of it is doubtful.
fn line(basis: &Basis) -> String {
    let (source, article) = (basis.source(), basis.article());
    let mark = match (source.is_made_up(), article.mark()) {
        (true, _) => words(" 虚构", " made up"),
        (false, Mark::Read) => "",
        (false, Mark::OneCopy) => words(" 仅见一份文本", " read in one copy"),
        (false, Mark::Reported) => words(" 据转述", " by report"),
        (false, Mark::Unread) => words(" 未核实", " not read"),
    };
    let (code, number, rank, place) = (source.code(), article.article(), source.rank(), source.jurisdiction());
    let rank = match language() {
        credit_policy::Language::Zh => chinese().of(rank.as_str()).to_string(),
        credit_policy::Language::En => rank.to_string(),
    };
    format!("{code} {number} {rank} {place}{mark}  {}", source.title(language()))
}
