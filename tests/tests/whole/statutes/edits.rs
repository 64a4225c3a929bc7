//! Random edits of the shipped catalogue, 1,000 of them in the long form. Most do not load. Of what loads an evaluator of
//! others says that every statute is kept, and no answer of restraint or of a basic service changes when every score and
//! verdict in the store does. The harmless edits of a list load, all together and each alone.

use credit_policy::{
    Attribute, Catalogue, ConsentFacts, Decision, Facts, FieldName, Ground, History, Scenario, Value,
    catalogue::shipped, consent::Frequency, decide, minimise,
};
use jiff::civil::{Date, date};
use serde_json::{Value as Json, json};

use super::{
    evaluated,
    questions::{permits, random_requests},
    random::{Random, is_full},
};

const ON: Date = date(2026, 11, 22);
/// So many lines are evaluated together.
const MOST_LINES: usize = 40_000;

type Files = Vec<(String, String)>;

/// The lines of a file that begin with that key become others.
fn set(text: &mut String, key: &str, value: &str) {
    let start = format!("{key} = ");
    let changed: Vec<_> = text
        .lines()
        .map(|line| if line.starts_with(&start) { format!("{start}{value}") } else { line.to_owned() })
        .collect();
    *text = changed.join("\n") + "\n";
}

/// Flags, fields, grounds, kinds and forms of scenarios; sensitivities, tiers and clocks of classes; classes of derived
/// fields, and what they are made from.
fn edit(shipped: &Catalogue, files: &mut Files, random: &mut Random) -> String {
    let folder = *random.pick(&["scenarios/", "scenarios/", "scenarios/", "data-list/", "derived/"]);
    let mut of_folder: Vec<_> = files.iter_mut().filter(|(path, _)| path.starts_with(folder)).collect();
    let at = random.below(of_folder.len());
    let (path, text) = &mut *of_folder[at];
    let what = match folder {
        "scenarios/" => edit_scenario(shipped, text, random),
        "data-list/" => edit_class(text, random),
        _ => edit_derived(shipped, text, random),
    };
    format!("{path}: {what}")
}

fn edit_scenario(shipped: &Catalogue, text: &mut String, random: &mut Random) -> String {
    let either = |random: &mut Random| random.pick(&["true", "false"]).to_string();
    let (key, value) = match random.below(9) {
        0 => ("restraint", either(random)),
        1 => ("basic_public_service", either(random)),
        2 => ("yes_no_only", either(random)),
        3 => ("ground", format!("{:?}", random.pick(&["consent", "statute", "self", "public"]))),
        4 => ("kinds", format!("[{:?}]", random.pick(&shipped.kinds().collect::<Vec<_>>()).as_str())),
        5 => ("disclosure", format!("{:?}", random.pick(&["pseudonym", "masked", "whole"]))),
        6 => return take_a_field_out(text, random),
        _ => {
            let all = shipped.fields();
            let field = random.pick(&all).name();
            let begin = text.find("fields = [").unwrap() + "fields = [".len();
            text.insert_str(begin, &format!("\"{field}\", "));
            return format!("{field} added");
        }
    };
    set(text, key, &value);
    format!("{key} = {value}")
}

fn take_a_field_out(text: &mut String, random: &mut Random) -> String {
    let begin = text.find("fields = [").unwrap() + "fields = [".len();
    let end = begin + text[begin..].find(']').unwrap();
    let fields: Vec<_> = text[begin..end].split(',').map(str::trim).filter(|field| !field.is_empty()).collect();
    let out = (*random.pick(&fields)).to_owned();
    let left: Vec<_> = fields.into_iter().filter(|field| *field != out).collect();
    let left = left.join(", ");
    text.replace_range(begin..end, &left);
    format!("without {out}")
}

fn edit_class(text: &mut String, random: &mut Random) -> String {
    let words = ["adverse", "neutral", "positive", "identity", "evaluation", "forbidden", "sealed"];
    let (key, value) = match random.below(3) {
        0 => ("sensitivity", *random.pick(&words)),
        1 => ("tier", *random.pick(&["first", "second"])),
        _ => ("clock", *random.pick(&["public-credit", "credit-reporting", "in-force", "summary-penalty"])),
    };
    set(text, key, &format!("{value:?}"));
    format!("{key} = {value}")
}

fn edit_derived(shipped: &Catalogue, text: &mut String, random: &mut Random) -> String {
    let classes: Vec<_> = shipped.classes().map(|class| class.name().as_str()).collect();
    let (from, to) = if random.one_in(4) {
        let words = ["exists = {", "count = {", "latest = {"];
        (*random.pick(&words), *random.pick(&words))
    } else {
        let own: Vec<_> = classes.iter().copied().filter(|class| text.contains(&format!("\"{class}\""))).collect();
        let from = if own.is_empty() { *random.pick(&classes) } else { *random.pick(&own) };
        (from, *random.pick(&classes))
    };
    *text = text.replacen(from, to, 1);
    format!("{from} → {to}")
}

/// Everything that evaluates the person, low or high.
fn verdicts(high: bool) -> History {
    let of = |name: &str, value| Attribute { field: FieldName::parse(name).unwrap(), value };
    let text = |low: &str, best: &str| Value::Text(if high { best } else { low }.to_owned());
    let attributes = vec![
        of("score", Value::Int(if high { 1_000 } else { 0 })),
        of("creditability", text("bad", "good")),
        of("credit_history", text("delay in paying off in the past", "all credits at this bank paid back duly")),
    ];
    History { attributes, ..History::default() }
}

/// What is answered of all its fields; nothing where nobody is answered.
fn answer(rules: &Catalogue, row: &Scenario, history: &History) -> Option<String> {
    let asker = rules.askers().find(|asker| row.is_open_to(*asker))?;
    let consent = row.maxima().filter(|_| row.ground() == Ground::Consent).map(|maxima| ConsentFacts {
        fields: Some(row.fields().to_vec()),
        unknown_fields: false,
        issued_on: ON,
        lifetime_s: 3_600,
        uses: 1,
        frequency: Frequency { uses: 1, ..maxima.frequency },
        look_back: maxima.look_back,
        data_life: maxima.data_life,
    });
    let facts = Facts { operator: true, case: true, minor: Some(false), consent, ..Facts::new(asker, ON) };
    match decide(rules, Some(row.name()), &facts) {
        Decision::Permit(permit) => Some(
            minimise(&permit, history, ON)
                .data
                .iter()
                .map(|(field, value)| format!("{field} {}", serde_json::to_string(value).unwrap()))
                .collect(),
        ),
        Decision::Refuse { .. } => None,
    }
}

/// By what they are in the shipped catalogue, and not by what the edited rows say.
fn assert_no_verdict_moves_an_answer(shipped: &Catalogue, edited: &Catalogue, edits: &[String]) -> usize {
    let rows = shipped.scenarios().into_iter().filter(|row| row.restraint() || row.basic_public_service());
    let rows: Vec<_> = rows.filter_map(|row| edited.scenario(row.name().as_str())).collect();
    for row in &rows {
        let (low, high) = (answer(edited, row, &verdicts(false)), answer(edited, row, &verdicts(true)));
        assert_eq!(low, high, "{}: {edits:?}", row.name());
    }
    rows.len()
}

/// The texts that differ.
fn altered(files: &Files, shipped: &Files) -> Json {
    let altered = files.iter().zip(shipped).filter(|(own, other)| own.1 != other.1);
    altered.map(|((path, text), _)| (path.clone(), Json::from(text.clone()))).collect::<serde_json::Map<_, _>>().into()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures of the long form")]
fn what_loads_of_random_edits_keeps_every_statute_and_no_verdict_moves_an_answer() {
    let (files, mut random) = (shipped(), Random(20_261_128));
    let rules = Catalogue::load(&files).expect("the shipped catalogue");
    let (edits, contexts): (usize, usize) = if is_full() { (1_000, 1_000) } else { (16, 10) };
    let (mut loaded, mut compared, mut answers, mut lines) = (0_usize, 0, 0, Vec::new());
    for nth in 1..=edits {
        let mut own = files.clone();
        let changes: Vec<_> = (0..=random.below(3)).map(|_| edit(&rules, &mut own, &mut random)).collect();
        if let Ok(edited) = Catalogue::load(&own) {
            loaded += 1;
            compared += assert_no_verdict_moves_an_answer(&rules, &edited, &changes);
            lines.push(json!({"edited": altered(&own, &files)}));
            lines.extend(permits(&edited));
            lines.extend(random_requests(&edited, &mut random, contexts));
        }
        // Not all at once: of the long form that would be gigabytes.
        if nth == edits || lines.len() > MOST_LINES {
            let (wrong, asked) = evaluated(lines.drain(..));
            assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
            answers += asked;
        }
    }
    assert!(loaded * 10 > edits && compared > loaded * 20, "{loaded} of {edits} load, {compared} compared");
    println!("{loaded} of {edits} load, {compared} answers compared, {answers} answers of Cedar");
    assert!(answers > u64::try_from(loaded * 50).unwrap(), "{answers}");
}

/// One edit of the list: path, what stands there, what comes in its place.
type Harmless = (String, String, String);

fn harmless() -> Vec<Harmless> {
    let listed: toml::Table = include_str!("harmless.toml").parse().unwrap();
    let edits = listed["edit"].as_array().unwrap().iter();
    let text = |edit: &toml::Value, key: &str| edit[key].as_str().unwrap().to_owned();
    edits.map(|edit| (text(edit, "in"), text(edit, "from"), text(edit, "to"))).collect()
}

/// What stands there once becomes the other.
fn apply(files: &mut Files, (path, from, to): &Harmless) {
    let (_, text) = files.iter_mut().find(|(at, _)| at == path).unwrap_or_else(|| panic!("`{path}` is not there"));
    assert_eq!(text.matches(from.as_str()).count(), 1, "`{from}` must stand once in {path}");
    *text = text.replacen(from.as_str(), to, 1);
}

fn assert_loads(files: &Files, what: &str) {
    let faults = Catalogue::load(files).err().unwrap_or_default();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

#[test]
fn a_hundred_harmless_edits_load() {
    let edits = harmless();
    assert_eq!(edits.len(), 100);
    let mut all = shipped();
    edits.iter().for_each(|edit| apply(&mut all, edit));
    assert_loads(&all, "all of them");
    for edit in edits.iter().step_by(if is_full() { 1 } else { 20 }) {
        let mut files = shipped();
        apply(&mut files, edit);
        assert_loads(&files, &format!("{edit:?}"));
    }
}
