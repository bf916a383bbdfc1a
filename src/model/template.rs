//! Chat templates: a prompt as a person wrote it in, the text that a model was trained to read out.

use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, syntax::SyntaxConfig};
use minijinja_contrib::pycompat;

use super::error::ModelError;
use crate::domain::Prompt;
use crate::domain::calendar::Moment;

/// Instructions that a template may take: real ones take some thousand per message.
const FUEL: u64 = 20_000_000;

/// Name that the template goes by inside the engine.
const NAME: &str = "template";

/// How a model wants its prompts.
#[derive(Debug)]
pub enum Template {
    /// As they are.
    Raw,
    /// Through a Jinja template.
    Jinja(Box<Jinja>),
}

/// A compiled template.
#[derive(Debug)]
pub struct Jinja {
    environment: Environment<'static>,
    /// Whose it is, for error messages: `the chat template of the base model`.
    label: String,
    /// Texts of the special tokens by name, for example `bos_token`.
    specials: Vec<(String, String)>,
}

impl Template {
    /// Compiles a Jinja template.
    ///
    /// # Errors
    /// A template that does not parse; the message names the line.
    pub fn jinja(
        source: &str,
        label: &str,
        specials: &[(String, String)],
    ) -> Result<Self, ModelError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| failed(label, &error))?;
        environment.set_syntax(syntax);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(pycompat::unknown_method_callback);
        environment.set_formatter(|out, state, value| match value.kind() {
            // As Python prints them.
            ValueKind::None => out.write_str("None").map_err(minijinja::Error::from),
            ValueKind::Bool => out
                .write_str(if value.is_true() { "True" } else { "False" })
                .map_err(minijinja::Error::from),
            _ => minijinja::escape_formatter(out, state, value),
        });
        environment.add_filter("tojson", tojson);
        environment.add_function("raise_exception", |message: String| {
            Err::<Value, _>(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_function("strftime_now", |format: String| {
            let secs = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs());
            strftime(&format, secs)
        });
        environment
            .add_template_owned(NAME, without_generation_tags(source))
            .map_err(|error| failed(label, &error))?;
        Ok(Self::Jinja(Box::new(Jinja {
            environment,
            label: label.to_owned(),
            specials: specials.to_vec(),
        })))
    }

    /// The text that the model reads, up to where its answer starts. `wish` is an objective's system text; it follows the
    /// prompt's own.
    ///
    /// # Errors
    /// A template that refuses the prompt or runs without end.
    pub fn render(&self, prompt: &Prompt, wish: Option<&str>) -> Result<String, ModelError> {
        let opening = prompt
            .earlier
            .iter()
            .take_while(|turn| turn.role == "system")
            .count();
        let (system_turns, turns) = prompt.earlier.split_at(opening);
        let system: Vec<&str> = system_turns
            .iter()
            .map(|turn| turn.content.as_str())
            .chain(prompt.system.as_deref())
            .chain(wish)
            .filter(|text| !text.is_empty())
            .collect();
        let system = (!system.is_empty()).then(|| system.join("\n\n"));
        match self {
            Self::Jinja(jinja) if !prompt.raw => {
                let message = |role: &str, content: &str| {
                    Value::from_pairs([
                        ("role", Value::from(role)),
                        ("content", Value::from(content)),
                    ])
                };
                let messages: Value = system
                    .iter()
                    .map(|text| message("system", text))
                    .chain(turns.iter().map(|turn| message(&turn.role, &turn.content)))
                    .chain([message("user", &prompt.text)])
                    .collect();
                jinja.render(messages, &prompt.text, system.as_deref())
            }
            Self::Jinja(_) | Self::Raw => {
                let parts: Vec<&str> = system
                    .iter()
                    .map(String::as_str)
                    .chain(turns.iter().map(|turn| turn.content.as_str()))
                    .chain([prompt.text.as_str()])
                    .collect();
                Ok(parts.join("\n\n"))
            }
        }
    }
}

impl Jinja {
    fn render(
        &self,
        messages: Value,
        prompt: &str,
        system: Option<&str>,
    ) -> Result<String, ModelError> {
        let mut context: Vec<(&str, Value)> = vec![
            ("messages", messages),
            ("prompt", Value::from(prompt)),
            ("add_generation_prompt", Value::from(true)),
            // Templates ask whether these are none, which an undefined name is not.
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        if let Some(system) = system {
            context.push(("system", Value::from(system)));
        }
        for (name, text) in &self.specials {
            context.push((name, Value::from(text.as_str())));
        }
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render(Value::from_pairs(context)))
            .map_err(|error| failed(&self.label, &error))
    }
}

fn failed(label: &str, error: &minijinja::Error) -> ModelError {
    let place = error
        .line()
        .map_or_else(String::new, |line| format!(" at line {line}"));
    let reason = match error.kind() {
        ErrorKind::OutOfFuel => "it runs without end".to_owned(),
        kind => error
            .detail()
            .map_or_else(|| kind.to_string(), str::to_owned),
    };
    ModelError::Broken {
        file: label.to_owned(),
        why: format!("failed{place}: {reason}"),
        details: format!("{error:#}"),
    }
}

/// The engine's filter escapes `<`, `>`, `&` and `'` for web pages; models were trained on text without that.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands options over"
)]
fn tojson(value: &Value, options: Kwargs) -> Result<Value, minijinja::Error> {
    let indent: Option<Value> = options.get("indent")?;
    let indent = indent.filter(|indent| !indent.is_none());
    let escaped =
        minijinja::filters::tojson(value, indent, Kwargs::from_iter([] as [(&str, Value); 0]))?;
    let escaped = escaped.as_str().unwrap_or_default();
    let mut out = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let plain = [
            ("\\u003c", "<"),
            ("\\u003e", ">"),
            ("\\u0026", "&"),
            ("\\u0027", "'"),
        ]
        .into_iter()
        .find(|(code, _)| rest[at..].starts_with(code));
        if let Some((code, text)) = plain {
            out.push_str(text);
            rest = &rest[at + code.len()..];
        } else {
            // A backslash and what it escapes stay together, so that an escaped backslash starts nothing.
            let end = rest[at + 1..]
                .chars()
                .next()
                .map_or(rest.len(), |next| at + 1 + next.len_utf8());
            out.push_str(&rest[at..end]);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

/// `{% generation %}` marks what training may learn from; for reading it is a block that always runs.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let Some(length) = rest[at..].find("%}") else {
            break;
        };
        let end = at + length + 2;
        let inner = &rest[at + 2..end - 2];
        let word = inner.trim_matches(['-', '+']).trim();
        out.push_str(&rest[..at]);
        match word {
            "generation" => out.push_str(&rest[at..end].replacen(word, "if true", 1)),
            "endgeneration" => out.push_str(&rest[at..end].replacen(word, "endif", 1)),
            _ => out.push_str(&rest[at..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The codes of `strftime` that templates use, for a time in seconds since 1970 (UTC).
fn strftime(format: &str, secs: u64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const DAYS: [&str; 7] = [
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
    ];
    let Moment {
        year,
        month,
        day,
        weekday,
        hour,
        minute,
        second,
    } = Moment::utc(secs);
    let (month_name, day_name) = (MONTHS[month as usize - 1], DAYS[weekday as usize]);
    let mut out = String::new();
    let mut codes = format.chars();
    while let Some(letter) = codes.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let two = |number: u64| format!("{number:02}");
        let piece = match codes.next() {
            Some('Y') => year.to_string(),
            Some('y') => two(year % 100),
            Some('m') => two(month),
            Some('d') => two(day),
            Some('B') => month_name.to_owned(),
            Some('b') => month_name[..3].to_owned(),
            Some('A') => day_name.to_owned(),
            Some('a') => day_name[..3].to_owned(),
            Some('H') => two(hour),
            Some('M') => two(minute),
            Some('S') => two(second),
            Some('%') | None => "%".to_owned(),
            Some(other) => format!("%{other}"),
        };
        out.push_str(&piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Turn;

    fn template(source: &str) -> Template {
        let specials = [("bos_token".to_owned(), "<s>".to_owned())];
        Template::jinja(source, "the chat template of the base model", &specials).unwrap()
    }

    fn say(text: &str) -> Prompt {
        Prompt::of(text)
    }

    #[test]
    fn a_chat_template_gets_messages_specials_and_the_generation_prompt() {
        let template = template(
            "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>\n{{ m.content.strip() }}\n{% endfor %}\n\
             {% if tools is not none %}TOOLS{% endif %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
        );
        let mut prompt = say(" Hi ");
        assert_eq!(
            template.render(&prompt, None).unwrap(),
            "<s><|user|>\nHi\n<|assistant|>\n"
        );
        prompt.system = Some("Be brief.".to_owned());
        prompt.earlier = vec![Turn {
            role: "assistant".to_owned(),
            content: "Yes?".to_owned(),
        }];
        assert_eq!(
            template.render(&prompt, Some("Be kind.")).unwrap(),
            "<s><|system|>\nBe brief.\n\nBe kind.\n<|assistant|>\nYes?\n<|user|>\nHi\n<|assistant|>\n"
        );
    }

    #[test]
    fn raw_prompts_stay_as_they_are() {
        let mut prompt = say("  x ");
        assert_eq!(Template::Raw.render(&prompt, None).unwrap(), "  x ");
        assert_eq!(
            Template::Raw.render(&prompt, Some("Be kind.")).unwrap(),
            "Be kind.\n\n  x "
        );
        prompt.raw = true;
        assert_eq!(
            template("T{{ prompt }}").render(&prompt, None).unwrap(),
            "  x "
        );
    }

    #[test]
    fn a_template_of_ones_own_reads_prompt_and_system() {
        let template = template("{% if system %}[{{ system }}] {% endif %}{{ prompt }}");
        assert_eq!(template.render(&say("Hi"), None).unwrap(), "Hi");
        assert_eq!(template.render(&say("Hi"), Some("S")).unwrap(), "[S] Hi");
    }

    #[test]
    fn json_is_written_for_models_not_for_web_pages() {
        let template = template("{{ {'z': messages[0].content, 'a': none} | tojson }}");
        assert_eq!(
            template
                .render(&say("<b> & 'c' \\u003c \"d\""), None)
                .unwrap(),
            r#"{"z": "<b> & 'c' \\u003c \"d\"", "a": null}"#
        );
    }

    #[test]
    fn generation_tags_leave_no_trace() {
        let template = template("a\n{%- generation -%}\n b {{ prompt }}\n{% endgeneration %}\nc");
        assert_eq!(template.render(&say("x"), None).unwrap(), "ab x\nc");
    }

    #[test]
    fn python_words_stay_python() {
        let template = template("{{ none }} {{ true }} {{ 'a,b'.split(',')[1] }}");
        assert_eq!(template.render(&say("x"), None).unwrap(), "None True b");
    }

    #[test]
    fn errors_name_the_template_the_line_and_the_reason() {
        let refused = template("\n{{ raise_exception('No system role') }}")
            .render(&say("x"), None)
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the chat template of the base model failed at line 2: No system role"
        );
        let endless = template(
            "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        )
        .render(&say("x"), None)
        .unwrap_err();
        assert!(
            endless.to_string().contains("it runs without end"),
            "{endless}"
        );
        let broken = Template::jinja("\n\n{% if %}", "the template", &[]).unwrap_err();
        assert!(
            broken
                .to_string()
                .starts_with("the template failed at line 3"),
            "{broken}"
        );
    }

    #[test]
    fn dates_are_right_on_leap_days_and_turns_of_years() {
        assert_eq!(strftime("%d %b %Y", 0), "01 Jan 1970");
        assert_eq!(
            strftime("%Y-%m-%d %H:%M:%S", 951_782_400),
            "2000-02-29 00:00:00"
        );
        assert_eq!(
            strftime("%A, %d %B %Y", 1_767_225_599),
            "Wednesday, 31 December 2025"
        );
    }
}
