//! As much XML as annotation files need: elements and their texts. What a file could be made of to harm is refused: a document type (and
//! with it entities of its own), deep nesting, more elements than any scan has.

use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Longest text, bytes.
const MOST_BYTES: usize = 128 << 20;
/// Deepest nesting.
const DEEPEST: usize = 32;
/// Most elements: 500 slices of 400 outlined pixels of four readers, three elements each.
const MOST_ELEMENTS: usize = 4_000_000;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Name without a prefix.
    pub(super) name: String,
    /// Text directly inside, trimmed.
    pub(super) text: String,
    /// Elements directly inside.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of a child; empty when there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }
}

/// The name of the outermost element; `None` when the text is no XML.
pub(super) fn root(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => {
                return Some(start.local_name().as_ref().to_owned());
            }
            Event::Eof | Event::DocType(_) => return None,
            _ => {}
        }
    }
}

/// Reads a text into its outermost element.
///
/// # Errors
/// The line, and a sentence.
pub(super) fn read(text: &str) -> Result<Element, (u64, String)> {
    if text.len() > MOST_BYTES {
        return Err((1, format!("the file is longer than {} MiB", MOST_BYTES >> 20)));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0_usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let fault = |reason: &str| Err((line(text, at), reason.to_owned()));
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return fault(&format!("not XML ({error})")),
        };
        let closed = match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                count += 1;
                if count > MOST_ELEMENTS {
                    return fault(&format!("there are more than {MOST_ELEMENTS} elements"));
                }
                if open.len() >= DEEPEST {
                    return fault(&format!("elements are nested deeper than {DEEPEST}"));
                }
                let name = start.local_name().as_ref().to_owned();
                let element = Element {
                    name,
                    ..Element::default()
                };
                if matches!(event, Event::Empty(_)) {
                    Some(element)
                } else {
                    open.push(element);
                    None
                }
            }
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                if let Some(inside) = open.last_mut() {
                    inside.text.push_str(&text);
                }
                None
            }
            Event::CData(text) => {
                if let Some(inside) = open.last_mut() {
                    inside.text.push_str(&text);
                }
                None
            }
            Event::GeneralRef(name) => {
                let named = match name.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => match &*name {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    },
                    Err(_) => None,
                };
                let Some(c) = named else {
                    return fault("an entity of its own is named; such files are not read");
                };
                if let Some(inside) = open.last_mut() {
                    inside.text.push(c);
                }
                None
            }
            Event::DocType(_) => return fault("the file has a document type; such files are not read"),
            Event::Eof => return fault("the file ends before its outermost element does"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
        };
        if let Some(mut element) = closed {
            let kept = element.text.trim();
            if kept.len() != element.text.len() {
                element.text = kept.to_owned();
            }
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => return Ok(element),
            }
        }
    }
}

fn line(text: &str, at: usize) -> u64 {
    let head = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    head.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_texts_and_entities_of_xml_itself() {
        let text = "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x --><a:root xmlns:a=\"u\"><b> 1 &lt; 2 &#65; <![CDATA[<&]]></b><c/></a:root>";
        let root = read(text.trim_start_matches('\u{FEFF}')).expect("reads");
        assert_eq!(
            (root.name.as_str(), root.text_of("b"), root.children.len()),
            ("root", "1 < 2 A <&", 2)
        );
        assert_eq!(super::root(text).as_deref(), Some("root"));
    }

    #[test]
    fn what_could_harm_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]>\n<a>&y;</a>";
        assert_eq!(
            read(bomb).expect_err("refused").1,
            "the file has a document type; such files are not read"
        );
        assert_eq!(
            read("<a>\n&y;</a>").expect_err("refused"),
            (
                2,
                "an entity of its own is named; such files are not read".to_owned()
            )
        );
        let deep = "<a>".repeat(100_000);
        assert_eq!(
            read(&deep).expect_err("refused").1,
            "elements are nested deeper than 32"
        );
        assert!(read("<a><b></a>").is_err());
        assert!(read("<a>").is_err());
        assert!(read("").is_err());
    }
}
