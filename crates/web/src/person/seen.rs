//! What a page showed, in one value its form sends back: an answer is only good for what was seen.
//!
//! The engine's digest covers the request. What the face says beside it, such as the earlier agreement a change is compared
//! with, is covered by a second one behind a full stop; a request without such words has only the first.
//!
//! Spec: threat C5

use placet_core::secret::{Digest, SecretHash};

use crate::face::Prompt;

/// The value for the form.
pub(super) fn written(digest: &Digest, prompt: &Prompt) -> String {
    match words(prompt) {
        Some(words) => format!("{digest}.{words}"),
        None => digest.to_string(),
    }
}

/// The engine's digest in a form's value. `None` when it does not read, or when `prompt` is not what was seen.
pub(super) fn read(text: &str, prompt: &Prompt) -> Option<Digest> {
    let (digest, seen) = match text.split_once('.') {
        Some((digest, seen)) => (digest, Some(seen)),
        None => (text, None),
    };
    let is = words(prompt).map(|words| words.to_string());
    if seen != is.as_deref() {
        return None;
    }
    serde_json::from_value(serde_json::Value::from(digest)).ok()
}

fn words(prompt: &Prompt) -> Option<Digest> {
    let Prompt {
        asker,
        asks,
        modifies,
        // Where the answer goes is fixed when the request is opened, and no part of what is agreed to.
        answer_host: _,
        answer_origin: _,
        from_device: _,
        start_again: _,
    } = prompt;
    if asker.is_none() && asks.is_empty() && !modifies {
        return None;
    }
    Some(SecretHash::of(&format!("{:?}", (asker, asks, modifies))))
}

#[cfg(test)]
mod tests {
    use placet_core::secret::{Digest, SecretHash};

    use super::{read, written};
    use crate::face::{AskChange, AskLine, Prompt, What};

    fn prompt(name: &str) -> Prompt {
        let line = AskLine {
            key: "one".to_owned(),
            change: AskChange::Same,
            optional: false,
            what: What::Reference(name.to_owned()),
        };
        Prompt {
            asks: vec![line],
            ..Prompt::default()
        }
    }

    #[test]
    fn c5_an_answer_is_good_for_the_words_that_were_seen() {
        let digest: Digest = SecretHash::of("request");
        let text = written(&digest, &prompt("read"));
        assert_eq!(read(&text, &prompt("read")), Some(digest));
        let mut changes = prompt("read");
        changes.modifies = true;
        for other in [prompt("write"), changes, Prompt::default()] {
            assert_eq!(read(&text, &other), None, "{other:?}");
        }
        let bare = digest.to_string();
        assert_eq!(read(&bare, &prompt("read")), None, "no words at all");
        assert_eq!(
            written(&digest, &Prompt::default()),
            bare,
            "a request of scopes alone has the engine's digest and no more"
        );
        assert_eq!(read(&bare, &Prompt::default()), Some(digest));
    }
}
