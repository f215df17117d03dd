//! Heal: takes passing marks off skin and lets the real skin around go on in their place.

mod judge;
mod lines;
mod look;
mod repair;
mod skin;
mod spots;

use pixel::Plane;
use pixel::filter::distance_outside;

use crate::layer::Layer;
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::{FaceView, Scene};
use judge::judge;
use lines::find_lines;
use look::Look;
use repair::{Sources, repair};
use skin::Texture;
use spots::{bounds_of, find_spots, stamp};

/// The plugin.
pub struct Heal;

static SPEC: Spec = Spec {
    name: "Heal",
    about: "Takes pimples, scabs, specks, scratches and stray hairs off skin and puts real skin in their place.",
    never: "Removes moles, freckles, wrinkles or stubble, blurs pores or touches eyes, lips, hair, clothes and background.",
    blend: Blend::Normal,
    needs: &[Need::FaceRegions],
    params: &[Param::PERSON_SCALE, Param::alpha1("Sensitivity", "how faint a mark is still healed", 1.0)],
};

/// Half the breadth of a line, in face widths.
const LINE_MARGIN: f32 = 0.0032;

impl Plugin for Heal {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let (mut healed, mut kept) = (0, 0);
        for view in scene.faces() {
            if scene.cancelled() {
                return;
            }
            let counts = draw_face(scene, view, settings, layer);
            healed += counts.0;
            kept += counts.1;
        }
        layer.found("marks healed", healed as f64);
        layer.found("marks kept", kept as f64);
    }
}

/// Draws one face's patches; returns the number of marks healed and of clear marks left alone.
fn draw_face(scene: &Scene<'_>, view: &FaceView, settings: &Settings, layer: &mut Layer) -> (usize, usize) {
    let width = settings.scale.face_width(view.face.width, scene.size().long_edge() as f32);
    let Some(look) = Look::open(scene, view, width) else { return (0, 0) };
    let texture = Texture::measure(&look);
    let (spots, lines) = (find_spots(&look, &texture), find_lines(&look, &texture));
    let verdict = judge(&look, view.face.mesh.as_ref(), &spots, &lines, settings.alpha1);

    if std::env::var_os("HEAL_DEBUG").is_some() {
        let at = |v: f32, o: usize| v * look.step as f32 + o as f32;
        for (s, v) in spots.iter().zip(&verdict.spots) {
            eprintln!(
                "S {} {} r {:.4} sal {:.2} con {:.1} shift {:.1?} round {:.2} answer {:.2} share {:.2} first {}",
                at(s.x, look.rect.x),
                at(s.y, look.rect.y),
                s.radius / look.width,
                s.saliency,
                s.contrast,
                s.shift,
                s.round,
                s.answer,
                v,
                s.first,
            );
        }
        for (s, v) in lines.iter().zip(&verdict.lines) {
            eprintln!(
                "L {} {} len {:.4} sal {:.2} shift {:.1?} soft {:.2} share {:.2} ang {:.2}",
                at(s.middle[0], look.rect.x),
                at(s.middle[1], look.rect.y),
                s.length / look.width,
                s.saliency,
                s.shift,
                s.softness,
                v,
                s.angle
            );
        }
        let px = |p: &Plane| p.samples().iter().map(|v| (v * 255.0) as u8).collect::<Vec<u8>>();
        let mut f = format!("P5 {} {} 255\n", look.size().width, look.size().height).into_bytes();
        f.extend(px(&look.zone.zip(&look.skin, |a, b| 0.5 * a + 0.5 * b)));
        eprintln!("R {} {} {} {}", look.rect.x, look.rect.y, look.step, look.width);
        let _ = std::fs::write("/tmp/heal/zone.pgm", f);
    }
    let mut wanted = Plane::zeros(look.size());
    for (spot, share) in spots.iter().zip(&verdict.spots) {
        want(&look, &mut wanted, &spot.footprint, spot.margin, *share);
    }
    for (line, share) in lines.iter().zip(&verdict.lines) {
        want(&look, &mut wanted, &line.spine, (LINE_MARGIN * look.width).max(1.6), *share);
    }
    let mut noticed = wanted.map(|v| if v > 0.0 { 1.0 } else { 0.0 });
    stamp(&mut noticed, spots.iter().filter(|s| s.saliency > 1.0).map(|s| &s.footprint));
    stamp(&mut noticed, lines.iter().filter(|l| l.saliency > 0.8).map(|l| &l.spine));
    let sources = Sources::new(&look, &texture, &noticed);
    let patches = repair(scene, &look, &texture, &sources, &wanted);
    let healed = spots.iter().zip(&verdict.spots).filter(|(spot, share)| spot.first && **share > 0.5).count()
        + verdict.lines.iter().filter(|share| **share > 0.5).count();
    layer.patches.extend(patches);
    (healed, verdict.kept)
}

/// Asks for `share` of the samples within `margin` of a mark to be healed, never outside the zone.
fn want(look: &Look, wanted: &mut Plane, mark: &[usize], margin: f32, share: f32) {
    if share <= 0.0 || mark.is_empty() {
        return;
    }
    let width = look.size().width;
    let near = bounds_of(mark, width).grow(margin.ceil() as usize + 1, look.size());
    let mut own = Plane::zeros(near.size());
    mark.iter().for_each(|&i| *own.at_mut(i % width - near.x, i / width - near.y) = 1.0);
    let away = distance_outside(&own);
    for y in near.y..near.bottom() {
        for x in near.x..near.right() {
            if away.at(x - near.x, y - near.y) <= margin && look.zone.at(x, y) > 0.5 {
                let value = wanted.at_mut(x, y);
                *value = value.max(share);
            }
        }
    }
}
