//! The layered answer: every wanted layer as a PNG, `result.json`, and the flat base where one is needed.

use std::collections::HashMap;

use pixel::codec::{self, Depth, EncodeOptions, Format, LayerChannels, LayerPng};
use pixel::picture::Samples;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, layer_name};
use crate::engine::EngineError;
use crate::pile::{LayerRows, Pile, flatten, render_layers};
use crate::plugin::Blend;
use crate::recipe::Recipe;
use crate::report::Report;

/// Builds the ZIP of specification section 5, "Layered ZIP", from the finished pile.
pub(crate) fn layers_zip(
    pile: Pile<'_>,
    recipe: &Recipe,
    upload: Format,
    encode: &EncodeOptions,
    report: &Report,
) -> Result<Vec<u8>, EngineError> {
    let names = layer_names(recipe);
    let wanted: Vec<usize> = (0..recipe.tasks.len()).filter(|&i| names[i].is_some()).collect();
    let files = render(&pile, recipe, &wanted)?;

    let mut archive = Archive::new();
    for (&index, bytes) in wanted.iter().zip(&files) {
        if let Some(name) = &names[index] {
            archive.add(name, bytes)?;
        }
    }
    if let Some((name, bytes)) = flat_base(pile, recipe, upload, encode)? {
        archive.add(&name, &bytes)?;
    }
    let json = serde_json::to_vec_pretty(&result_json(recipe, &names, report)).unwrap_or_default();
    archive.add("result.json", &json)?;
    Ok(archive.finish()?)
}

/// File name of each task's layer; `None` for flat tasks and metadata.
fn layer_names(recipe: &Recipe) -> Vec<Option<String>> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    let names = recipe.tasks.iter().map(|task| {
        let spec = task.plugin.spec();
        if !task.as_layer || spec.blend == Blend::Metadata {
            return None;
        }
        let count = uses.entry(spec.name).or_default();
        *count += 1;
        Some(layer_name(spec.name, *count, spec.blend))
    });
    names.collect()
}

/// The wanted layers as PNG files, all written side by side while the picture is walked once.
fn render(pile: &Pile<'_>, recipe: &Recipe, wanted: &[usize]) -> Result<Vec<Vec<u8>>, EngineError> {
    let picture = pile.picture();
    let deep = matches!(picture.rgb, Samples::U16(_));
    let icc = picture.metadata.icc.as_deref();
    let mut writers = Vec::with_capacity(wanted.len());
    for &index in wanted {
        let is_mask = recipe.tasks[index].plugin.spec().blend == Blend::Mask;
        let channels = if is_mask { LayerChannels::Grey } else { LayerChannels::Rgba };
        let depth = if deep && !is_mask { Depth::Sixteen } else { Depth::Eight };
        writers.push(LayerPng::new(picture.size, depth, channels, picture.orientation, icc));
    }
    render_layers(pile, wanted, |band: Vec<LayerRows>| {
        writers.par_iter_mut().zip(band).for_each(|(writer, rows)| match rows.samples {
            Samples::U8(samples) => writer.push_rows(&samples),
            Samples::U16(samples) => writer.push_rows_16(&samples),
        });
    });
    let files: Result<Vec<_>, _> = writers.into_par_iter().map(LayerPng::finish).collect();
    Ok(files?)
}

/// `result.jpg` or `.png`: the upload with only the flat tasks applied. Present when some task is flat,
/// or when nothing else would be in the ZIP.
fn flat_base(
    pile: Pile<'_>,
    recipe: &Recipe,
    upload: Format,
    encode: &EncodeOptions,
) -> Result<Option<(String, Vec<u8>)>, EngineError> {
    let is_flat = |index: usize| {
        let task = &recipe.tasks[index];
        !task.as_layer && !matches!(task.plugin.spec().blend, Blend::Mask | Blend::Metadata)
    };
    let any_layer = recipe.tasks.iter().any(|task| task.as_layer);
    if any_layer && !(0..recipe.tasks.len()).any(is_flat) {
        return Ok(None);
    }
    let mut picture = pile.picture().clone();
    let layers: Vec<_> = pile
        .into_layers()
        .into_iter()
        .enumerate()
        .filter_map(|(index, layer)| is_flat(index).then_some(layer))
        .collect();
    flatten(&mut picture, &layers);
    let format = if upload == Format::Jpeg { Format::Jpeg } else { Format::Png };
    let bytes = codec::encode(&picture, format, encode)?;
    Ok(Some((format!("result.{}", format.extension()), bytes)))
}

/// The documented frame of `result.json` with `file`, `blendMode` and `opacity` a task.
fn result_json(recipe: &Recipe, names: &[Option<String>], report: &Report) -> Value {
    let plugins = recipe.tasks.iter().zip(names).zip(&report.plugins).map(|((task, name), entry)| {
        let mut plugin = json!({ "pluginName": task.plugin.spec().name });
        if let Some(name) = name {
            plugin["file"] = json!(name);
        }
        plugin["blendMode"] = json!(task.plugin.spec().blend);
        plugin["opacity"] = json!(1);
        plugin["metadata"] = Value::Object(entry.metadata.clone());
        plugin
    });
    json!({
        "jsonVersion": "1",
        "image": { "width": report.width, "height": report.height, "orientation": report.orientation },
        "plugins": plugins.collect::<Vec<_>>(),
    })
}
