//! Face Detection: says where faces are and draws nothing.

use serde_json::{Value, json};

use crate::layer::Layer;
use crate::plugin::{Blend, Need, Plugin, Settings, Spec};
use crate::scene::Scene;

/// The plugin.
pub struct FaceDetection;

static SPEC: Spec = Spec {
    name: "Face Detection",
    about: "Finds faces and their landmarks and writes them to result.json.",
    never: "Changes the picture.",
    blend: Blend::Metadata,
    needs: &[Need::Faces],
    params: &[],
};

impl Plugin for FaceDetection {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, _settings: &Settings, layer: &mut Layer) {
        let faces = scene.found_faces();
        layer.found("faces", faces.len() as f64);
        let entries: Vec<Value> = faces.iter().map(|face| entry(face, scene)).collect();
        layer.metadata.insert("faces".to_owned(), Value::Array(entries));
    }
}

/// One face as `result.json` has it; landmarks are shares of the upright picture.
fn entry(face: &vision::Face, scene: &Scene<'_>) -> Value {
    let size = scene.size();
    let point =
        |x: f32, y: f32| json!({ "x": (x + 0.5) / size.width as f32, "y": (y + 0.5) / size.height as f32 });
    let landmarks: Vec<Value> = match &face.mesh {
        Some(mesh) => mesh.points.iter().map(|p| point(p[0], p[1])).collect(),
        None => face.points.iter().map(|p| point(p[0], p[1])).collect(),
    };
    json!({ "confidence": face.score, "landmarks": landmarks })
}

#[cfg(test)]
mod tests {
    use pixel::{Rect, Size};

    use super::*;
    use crate::scene::testing::SceneBuilder;

    #[test]
    fn landmarks_are_shares_of_the_picture_and_nothing_is_drawn() {
        let face = Rect { x: 20, y: 10, width: 40, height: 40 };
        let builder = SceneBuilder::new(Size::new(100, 80), |_, _| [0.5; 3]).face(face, 1, 20.0, |_, _| {});
        let layer = builder.draw(&FaceDetection, &Settings::defaults(&SPEC));
        assert!(layer.is_empty());
        let faces = layer.metadata["faces"].as_array().expect("a list");
        assert_eq!(faces.len(), 1);
        let nose = &faces[0]["landmarks"][2];
        assert!((nose["x"].as_f64().expect("a number") - 0.405).abs() < 0.01, "{nose}");
        assert!((nose["y"].as_f64().expect("a number") - 0.406).abs() < 0.02, "{nose}");
    }
}
