//! Help and faults of a command line in one language. Help is written in both, English first.

use clap::{Command, Error};
use credit_policy::Language;

use crate::translation::Translation;

/// The command with its help in this language.
#[must_use]
pub fn in_language(command: Command, language: Language) -> Command {
    let about = command.get_about().map(|text| part(&text.to_string(), language));
    let after = command.get_after_help().map(|text| part(&text.to_string(), language));
    let command = command.mut_args(|argument| {
        let help = argument.get_help().map(|text| part(&text.to_string(), language));
        match help {
            Some(help) => argument.help(help),
            None => argument,
        }
    });
    let mut command = command.mut_subcommands(|below| in_language(below, language));
    if let Some(about) = about {
        command = command.about(about);
    }
    match after {
        Some(after) => command.after_help(after),
        None => command,
    }
}

/// What clap prints, in this language: help, or what is wrong with the arguments.
#[must_use]
pub fn text(error: &Error, language: Language, chinese: &Translation) -> String {
    let text = error.render().to_string();
    match language {
        Language::En => text,
        Language::Zh => text.lines().map(|line| line_in_chinese(line, chinese) + "\n").collect(),
    }
}

/// A text from its first Chinese character on, or up to it; all of it where there is none, or where it begins with one.
fn part(text: &str, language: Language) -> String {
    let at = text.find(|char| ('\u{4e00}'..='\u{9fff}').contains(&char)).filter(|at| *at > 0);
    match (at.map(|at| text.split_at(at)), language) {
        (Some((english, _)), Language::En) => english.trim_end().to_owned(),
        (Some((_, chinese)), Language::Zh) => chinese.to_owned(),
        (None, _) => text.to_owned(),
    }
}

fn line_in_chinese(line: &str, chinese: &Translation) -> String {
    let inner = line.trim_start();
    let indent = line.split_at(line.len() - inner.len()).0;
    // A flag or a subcommand, and its help behind two spaces.
    let (flag, help) = match inner.split_once("  ").filter(|_| !indent.is_empty()) {
        Some((flag, help)) => (format!("{flag}  "), help),
        None => (String::new(), inner),
    };
    let words = help.trim_start();
    let gap = help.split_at(help.len() - words.len()).0;
    // Before the rest, in which the most general text takes whatever has a colon.
    let words = words.replace("[default: ", "[默认：").replace("[possible values: ", "[可用：");
    let said = chinese.of(&words);
    format!("{indent}{flag}{gap}{said}")
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        Command::new("x")
            .about("Do it 做")
            .after_help("Exit codes: 0. 退出码：0。")
            .subcommand(Command::new("y").about("Again 再做"))
            .arg(Arg::new("z").long("z").help("A name").default_value("1"))
    }

    #[test]
    fn help_is_in_one_language_and_what_has_one_only_stays() {
        let help = |language| in_language(command(), language).render_help().to_string();
        let (english, chinese) = (help(Language::En), help(Language::Zh));
        assert!(
            english.starts_with("Do it\n") && english.contains("y     Again\n") && english.ends_with("codes: 0.\n")
        );
        assert!(chinese.starts_with("做\n") && chinese.contains("y     再做\n") && chinese.ends_with("退出码：0。\n"));
        assert!(chinese.contains("A name [default: 1]"));
        assert_eq!(part("中文 and English", Language::En), "中文 and English");
    }

    #[test]
    fn what_is_wrong_is_said_in_the_language() {
        let error = command().try_get_matches_from(["x", "--q"]).unwrap_err();
        let chinese =
            Translation::parse(&["msgid \"error: unexpected argument '{name}' found\"\nmsgstr \"错误：未知 {name}\""]);
        assert!(text(&error, Language::En, &chinese).starts_with("error: unexpected argument '--q' found"));
        assert!(text(&error, Language::Zh, &chinese).starts_with("错误：未知 --q\n"));
    }
}
