//! XMP packets: what they say of more pictures behind that of a JPEG is taken out where it is lost, thumbnails where
//! they no longer show the picture.
//!
//! Adobe's gain map specification 1.0; Google's Ultra HDR and Motion Photo formats 1.0, which list what is behind the
//! picture with its lengths in a `Container:Directory`.

use std::collections::BTreeMap;
use std::ops::Range;

const BASIC: &str = "http://ns.adobe.com/xap/1.0/";
const GAIN_MAP: &str = "http://ns.adobe.com/hdr-gain-map/1.0/";
const CONTAINER: &str = "http://ns.google.com/photos/1.0/container/";
const CONTAINER_ITEM: &str = "http://ns.google.com/photos/1.0/container/item/";
const CAMERA: &str = "http://ns.google.com/photos/1.0/camera/";

/// A packet that no longer speaks of what is lost.
#[derive(Debug, PartialEq)]
pub(super) struct Alone {
    pub xmp: Vec<u8>,
    /// It spoke of an HDR gain map.
    pub gain_map: bool,
}

/// The packet without what it says of a gain map, of the directory of items and of a motion photo's film. `None` when it
/// says nothing of these, or is not XML that can be edited surely.
pub(super) fn alone(xmp: &[u8]) -> Option<Alone> {
    let text = std::str::from_utf8(xmp).ok()?;
    let tags = tags(text)?;
    let spaces = namespaces(&tags)?;
    let is_lost = |name: &str| {
        let film = |local: &str| local.starts_with("MotionPhoto") || local.starts_with("MicroVideo");
        [GAIN_MAP, CONTAINER, CONTAINER_ITEM].iter().any(|space| is_of(name, &spaces, space))
            || is_of(name, &spaces, CAMERA) && film(local(name))
            || name.starts_with("xmlns:")
                && spaces
                    .get(local(name))
                    .is_some_and(|space| [GAIN_MAP, CONTAINER, CONTAINER_ITEM].contains(space))
    };
    let xmp = without(text, &cuts(&tags, is_lost)?).into_bytes();
    let names =
        tags.iter().flat_map(|tag| tag.attributes.iter().map(|attribute| attribute.name).chain([tag.name]));
    Some(Alone { xmp, gain_map: names.into_iter().any(|name| is_of(name, &spaces, GAIN_MAP)) })
}

/// The packet without the thumbnails in it. `None` when there are none, or it is not XML that can be edited surely.
pub(super) fn without_thumbnails(xmp: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(xmp).ok()?;
    let tags = tags(text)?;
    let spaces = namespaces(&tags)?;
    let cuts = cuts(&tags, |name| is_of(name, &spaces, BASIC) && local(name) == "Thumbnails")?;
    Some(without(text, &cuts).into_bytes())
}

/// Places of the elements and attributes with these names; `None` when there is none or the elements do not nest.
fn cuts(tags: &[Tag<'_>], is_lost: impl Fn(&str) -> bool) -> Option<Vec<Range<usize>>> {
    let mut cuts = Vec::new();
    let mut open = Vec::new();
    // How deep the element that is cut out lies, and where it starts.
    let mut cutting: Option<(usize, usize)> = None;
    for tag in tags {
        if tag.kind == Kind::End {
            if open.pop()? != tag.name {
                return None;
            }
            if let Some((_, start)) = cutting.take_if(|(depth, _)| *depth == open.len()) {
                cuts.push(start..tag.place.end);
            }
            continue;
        }
        if cutting.is_none() {
            if !is_lost(tag.name) {
                let lost = tag.attributes.iter().filter(|attribute| is_lost(attribute.name));
                cuts.extend(lost.map(|attribute| attribute.place.clone()));
            } else if tag.kind == Kind::Empty {
                cuts.push(tag.place.clone());
            } else {
                cutting = Some((open.len(), tag.place.start));
            }
        }
        if tag.kind == Kind::Start {
            open.push(tag.name);
        }
    }
    (open.is_empty() && !cuts.is_empty()).then_some(cuts)
}

/// The name without its prefix.
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// The text without these places, which are in order.
fn without(text: &str, cuts: &[Range<usize>]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for cut in cuts {
        kept.push_str(&text[from..cut.start]);
        from = cut.end;
    }
    kept.push_str(&text[from..]);
    kept
}

/// What the prefixes stand for; `None` when one stands for two things, which XMP writers do not do.
fn namespaces<'a>(tags: &[Tag<'a>]) -> Option<BTreeMap<&'a str, &'a str>> {
    let mut spaces = BTreeMap::new();
    for attribute in tags.iter().flat_map(|tag| &tag.attributes) {
        if let Some(prefix) = attribute.name.strip_prefix("xmlns:")
            && spaces.insert(prefix, attribute.value).is_some_and(|other| other != attribute.value)
        {
            return None;
        }
    }
    Some(spaces)
}

fn is_of(name: &str, spaces: &BTreeMap<&str, &str>, space: &str) -> bool {
    name.split_once(':').and_then(|(prefix, _)| spaces.get(prefix)).is_some_and(|found| *found == space)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Start,
    End,
    Empty,
}

struct Tag<'a> {
    kind: Kind,
    name: &'a str,
    attributes: Vec<Attribute<'a>>,
    place: Range<usize>,
}

struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
    /// With the white space in front.
    place: Range<usize>,
}

/// All tags in order; `None` for what is not plain XML or declares a document type.
fn tags(text: &str) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('<').map(|found| at + found) {
        let rest = &text[start..];
        let others = [("<?", "?>"), ("<!--", "-->"), ("<![CDATA[", "]]>")];
        if let Some((_, end)) = others.into_iter().find(|(begin, _)| rest.starts_with(begin)) {
            at = start + rest.find(end)? + end.len();
        } else {
            let tag = tag(text, start)?;
            at = tag.place.end;
            tags.push(tag);
        }
    }
    Some(tags)
}

fn tag(text: &str, start: usize) -> Option<Tag<'_>> {
    let inner = text[start..].strip_prefix('<')?;
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let name = word(inner)?;
    let mut attributes = Vec::new();
    let mut rest = &inner[name.len()..];
    loop {
        let before = text.len() - rest.len();
        rest = rest.trim_start();
        let end = [("/>", Kind::Empty), (">", if closing { Kind::End } else { Kind::Start })];
        if let Some((mark, kind)) = end.into_iter().find(|(mark, _)| rest.starts_with(mark)) {
            return Some(Tag { kind, name, attributes, place: start..text.len() - rest.len() + mark.len() });
        }
        let name = word(rest)?;
        let quoted = rest[name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = quoted[1..].split_once(quote)?.0;
        rest = &quoted[value.len() + 2..];
        attributes.push(Attribute { name, value, place: before..text.len() - rest.len() });
    }
}

/// The name that the text starts with.
fn word(text: &str) -> Option<&str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '/' | '<' | '>' | '"' | '\'' | '!');
    let name = &text[..text.find(ends)?];
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ULTRA_HDR: &str = r#"<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
    xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
    xmlns:GC="http://ns.google.com/photos/1.0/container/"
    xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
    xmlns:Cam='http://ns.google.com/photos/1.0/camera/'
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    hdrgm:Version="1.0" Cam:MotionPhoto = '1' Cam:SpecialTypeID="x > y" dc:format="image/jpeg">
<!-- <GC:Directory> in a comment -->
<GC:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><GC:Item Item:Semantic="GainMap" Item:Length="99"/></rdf:li>
</rdf:Seq></GC:Directory>
<hdrgm:Note/><dc:rights>&lt;mine&gt;</dc:rights></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#;

    #[test]
    fn what_is_lost_is_no_longer_spoken_of_and_all_else_stays() {
        let Alone { xmp, gain_map } = alone(ULTRA_HDR.as_bytes()).expect("edited");
        let expected = r#"<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
    xmlns:Cam='http://ns.google.com/photos/1.0/camera/'
    xmlns:dc="http://purl.org/dc/elements/1.1/" Cam:SpecialTypeID="x > y" dc:format="image/jpeg">
<!-- <GC:Directory> in a comment -->

<dc:rights>&lt;mine&gt;</dc:rights></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#;
        assert_eq!(String::from_utf8_lossy(&xmp), expected);
        assert!(gain_map);
        assert_eq!(alone(&xmp), None);
    }

    #[test]
    fn what_cannot_be_edited_surely_is_left() {
        for length in 0..ULTRA_HDR.len() - "<?xpacket end=\"w\"?>".len() {
            assert_eq!(alone(&ULTRA_HDR.as_bytes()[..length]), None, "{length}");
        }
        for (from, to) in [
            ("</rdf:Seq>", "</rdf:Bag>"),
            ("xmlns:dc", "xmlns:hdrgm"),
            ("<x:xmpmeta", "<!DOCTYPE x><x:xmpmeta"),
            ("'1'", "1"),
        ] {
            assert!(ULTRA_HDR.contains(from));
            assert_eq!(alone(ULTRA_HDR.replace(from, to).as_bytes()), None, "{to}");
        }
        let wide: Vec<u8> = ULTRA_HDR.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(alone(&wide), None);
    }
}
