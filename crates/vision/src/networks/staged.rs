//! A network run in stages, so that between them our own code does what the runtime does slowly.
//!
//! The runtime filters depthwise a sample at a time, which took half the time of the landmark network and a third of
//! that of the parts network. When a network is loaded these convolutions are cut out of its graph: what one reads
//! becomes an output of the stage before it, what it gives an input of the stages behind.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_onnx::onnx::{AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView, Tensor};

use super::depthwise::Depthwise;

/// A loaded network.
pub(super) struct Staged {
    model: Model,
    input: NodeId,
    outputs: Vec<NodeId>,
    stages: Vec<Stage>,
}

/// A part of the network that the runtime does, and the layer of ours behind it.
struct Stage {
    takes: Vec<NodeId>,
    gives: Vec<NodeId>,
    then: Option<Layer>,
    /// What nothing behind this stage needs.
    drops: Vec<NodeId>,
}

struct Layer {
    input: NodeId,
    output: NodeId,
    filters: Depthwise,
}

/// A depthwise convolution that has been cut out of the graph, by the names of its values.
struct Cut {
    input: String,
    output: String,
    taps: String,
    bias: String,
    stride: usize,
    pads: [usize; 4],
    slope: f32,
}

impl Staged {
    /// Loads an ONNX file whose input is called `input`.
    ///
    /// # Errors
    /// What the runtime says of a damaged file.
    pub fn load(file: &[u8], outputs: &[&str]) -> Result<Self, String> {
        let mut file = ModelProto::parse_buf(file).map_err(|error| error.to_string())?;
        let graph = file.graph.as_mut().ok_or("there is no graph")?;
        let cuts = cut(graph);
        let plan = Plan::new(graph, &cuts, outputs);
        let constants = cuts.iter().flat_map(|cut| [&cut.taps, &cut.bias]).filter(|name| !name.is_empty());
        let told: BTreeSet<_> = plan.gives.iter().flatten().chain(constants).cloned().collect();
        let told: Vec<_> = told.into_iter().filter(|name| !outputs.contains(&name.as_str())).collect();
        graph.output.extend(told.iter().map(|name| value(name)));
        graph.input.extend(cuts.iter().map(|cut| value(&cut.output)));
        let file = file.write_buf().map_err(|error| error.to_string())?;
        let model = Model::load(file).map_err(|error| error.to_string())?;

        let node = |name: &str| model.node_id(name).map_err(|error| error.to_string());
        let nodes = |names: &[String]| names.iter().map(|name| node(name)).collect::<Result<Vec<_>, _>>();
        let mut stages = Vec::new();
        let mut cuts = cuts.iter();
        for (takes, gives) in plan.takes.iter().zip(&plan.gives) {
            let layer = |cut: &Cut| {
                let filters = filters(&model, cut)?;
                Ok::<_, String>(Layer { input: node(&cut.input)?, output: node(&cut.output)?, filters })
            };
            let then = cuts.next().map(layer).transpose()?;
            stages.push(Stage { takes: nodes(takes)?, gives: nodes(gives)?, then, drops: Vec::new() });
        }
        let outputs = outputs.iter().map(|name| node(name)).collect::<Result<Vec<_>, _>>()?;
        let mut needed: HashSet<NodeId> = outputs.iter().copied().collect();
        for stage in stages.iter_mut().rev() {
            let read = stage.takes.iter().chain(stage.then.as_ref().map(|layer| &layer.input));
            stage.drops = read.copied().filter(|id| needed.insert(*id)).collect();
        }
        Ok(Self { input: node("input")?, outputs, stages, model })
    }

    /// The outputs for an input, in the order in which they were asked for.
    ///
    /// # Errors
    /// What the runtime says.
    pub fn run(&self, input: NdTensor<f32, 4>, pool: &Arc<ThreadPool>) -> Result<Vec<Tensor<f32>>, String> {
        let mut known: HashMap<NodeId, Value> = HashMap::from([(self.input, input.into())]);
        for Stage { takes, gives, then, drops } in &self.stages {
            if !gives.is_empty() {
                let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
                let takes = takes.iter().filter_map(|id| Some((*id, ValueOrView::from(known.get(id)?))));
                let given = self.model.run(takes.collect(), gives, Some(options));
                let given = given.map_err(|error| error.to_string())?;
                known.extend(gives.iter().copied().zip(given));
            }
            if let Some(Layer { input, output, filters }) = then {
                let input = known.get(input).ok_or("a layer has no input")?;
                let input: NdTensorView<f32, 4> =
                    input.try_into().map_err(|_| "a layer's input is no picture")?;
                let [_, channels, rows, columns] = input.shape();
                let size = filters.size([rows, columns]);
                let samples = input.to_contiguous();
                let filtered = pool.run(|| filters.apply(samples.data(), [rows, columns]));
                let filtered = NdTensor::from_data([1, channels, size[0], size[1]], filtered);
                known.insert(*output, filtered.into());
            }
            known.retain(|id, _| !drops.contains(id));
        }
        let output =
            |id| known.remove(id).and_then(|value| value.try_into().ok()).ok_or("an output is no float32");
        Ok(self.outputs.iter().map(output).collect::<Result<_, _>>()?)
    }
}

/// Takes the depthwise convolutions that our code can do out of the graph, with the rectifiers behind them.
fn cut(graph: &mut GraphProto) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut gone = Vec::new();
    for (index, node) in graph.node.iter().enumerate() {
        let Some(mut cut) = Cut::of(graph, node) else { continue };
        gone.push(index);
        let users: Vec<_> =
            graph.node.iter().enumerate().filter(|(_, n)| n.input.contains(&cut.output)).collect();
        if let [(place, rectifier)] = users[..] {
            let slope = match rectifier.op_type.as_deref() {
                Some("Relu") => Some(0.0),
                Some("LeakyRelu") => Some(attribute(rectifier, "alpha").and_then(|a| a.f).unwrap_or(0.01)),
                _ => None,
            };
            if let (Some(slope), Some(output)) = (slope, rectifier.output.first()) {
                cut.slope = slope;
                cut.output.clone_from(output);
                gone.push(place);
            }
        }
        cuts.push(cut);
    }
    let mut index = 0;
    graph.node.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    cuts
}

impl Cut {
    /// The node as a layer of ours, if it can be one.
    fn of(graph: &GraphProto, node: &NodeProto) -> Option<Self> {
        if node.op_type.as_deref() != Some("Conv") {
            return None;
        }
        let [input, taps] = node.input.get(..2)? else { return None };
        let dims = dims(graph, taps)?;
        let group = attribute(node, "group").and_then(|a| a.i).unwrap_or(1);
        let ints = |name, default: &[i64]| attribute(node, name).map_or(default.to_vec(), |a| a.ints.clone());
        let [above, left, below, right] = ints("pads", &[0; 4])[..] else { return None };
        let strides = ints("strides", &[1, 1]);
        let fits = dims == [group, 1, 3, 3]
            && group > 1
            && ints("dilations", &[1, 1]) == [1, 1]
            && (strides == [1, 1] || strides == [2, 2]);
        let pads = [above, left, below, right].map(usize::try_from);
        let pads = [pads[0].ok()?, pads[1].ok()?, pads[2].ok()?, pads[3].ok()?];
        fits.then(|| Self {
            input: input.clone(),
            output: node.output.first().cloned().unwrap_or_default(),
            taps: taps.clone(),
            bias: node.input.get(2).cloned().unwrap_or_default(),
            stride: usize::from(strides == [2, 2]) + 1,
            pads,
            slope: 1.0,
        })
    }
}

/// Dimensions of weights, which may be stored in fewer bits and blown up by nodes of one shape.
fn dims(graph: &GraphProto, name: &str) -> Option<Vec<i64>> {
    let stored = graph.initializer.iter().find(|tensor| tensor.name.as_deref() == Some(name));
    if let Some(stored) = stored {
        return Some(stored.dims.clone());
    }
    let maker = graph.node.iter().find(|node| node.output.iter().any(|output| output == name))?;
    matches!(maker.op_type.as_deref(), Some("Cast" | "Mul")).then(|| dims(graph, maker.input.first()?))?
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

fn value(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.to_owned()), r#type: None }
}

fn filters(model: &Model, cut: &Cut) -> Result<Depthwise, String> {
    let constant = |name: &str| {
        let id = model.node_id(name).map_err(|error| error.to_string())?;
        let value = model.run(Vec::new(), &[id], None).map_err(|error| error.to_string())?.pop();
        let tensor: Option<Tensor<f32>> = value.and_then(|value| value.try_into().ok());
        tensor.map(|tensor| tensor.to_vec()).ok_or_else(|| format!("\"{name}\" is no float32"))
    };
    let taps = constant(&cut.taps)?;
    let taps: Vec<_> = taps.chunks_exact(9).map(|taps| std::array::from_fn(|tap| taps[tap])).collect();
    let bias = if cut.bias.is_empty() { vec![0.0; taps.len()] } else { constant(&cut.bias)? };
    Ok(Depthwise { taps, bias, stride: cut.stride, pads: cut.pads, slope: cut.slope })
}

/// What each stage needs of those before it, and what it is asked for.
struct Plan {
    takes: Vec<Vec<String>>,
    gives: Vec<Vec<String>>,
}

/// From where on a value is known that depends on the input.
#[derive(Clone, Copy)]
enum Known {
    /// An input of this stage and all behind it.
    Before(usize),
    /// Made by this stage.
    By(usize),
}

impl Known {
    /// The first stage that can use it.
    fn from(self) -> usize {
        let (Self::Before(stage) | Self::By(stage)) = self;
        stage
    }
}

impl Plan {
    fn new(graph: &GraphProto, cuts: &[Cut], outputs: &[&str]) -> Self {
        let mut known: HashMap<&str, Known> = HashMap::from([("input", Known::Before(0))]);
        known.extend(
            cuts.iter().enumerate().map(|(index, cut)| (cut.output.as_str(), Known::Before(index + 1))),
        );
        let mut plan =
            Self { takes: vec![Vec::new(); cuts.len() + 1], gives: vec![Vec::new(); cuts.len() + 1] };
        for node in &graph.node {
            let inputs = node.input.iter().filter_map(|input| Some((input, *known.get(input.as_str())?)));
            let inputs: Vec<_> = inputs.collect();
            // What depends on no input is there whenever it is asked for.
            let Some(stage) = inputs.iter().map(|(_, known)| known.from()).max() else { continue };
            for (input, known) in &inputs {
                plan.use_in(stage, input, *known);
            }
            known.extend(node.output.iter().map(|output| (output.as_str(), Known::By(stage))));
        }
        let read = cuts.iter().map(|cut| cut.input.as_str());
        for name in read.chain(outputs.iter().copied()) {
            if let Some(Known::By(stage)) = known.get(name) {
                plan.gives[*stage].push(name.to_owned());
            }
        }
        for names in plan.gives.iter_mut().chain(&mut plan.takes) {
            names.sort_unstable();
            names.dedup();
        }
        plan
    }

    /// A stage uses a value.
    fn use_in(&mut self, stage: usize, name: &str, known: Known) {
        match known {
            Known::By(maker) if maker == stage => return,
            Known::By(maker) => self.gives[maker].push(name.to_owned()),
            _ => {}
        }
        self.takes[stage].push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::TensorProto;

    use super::*;

    #[test]
    fn values_go_from_stage_to_stage_and_constants_do_not() {
        let node = |op: &str, inputs: &[&str], output: &str, ints: &[(&str, &[i64])]| NodeProto {
            op_type: Some(op.to_owned()),
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: ints
                .iter()
                .map(|(name, ints)| AttributeProto {
                    name: Some((*name).to_owned()),
                    i: ints.first().copied(),
                    ints: ints.to_vec(),
                    ..AttributeProto::default()
                })
                .collect(),
            ..NodeProto::default()
        };
        let depthwise: &[(&str, &[i64])] = &[("group", &[4]), ("pads", &[1; 4]), ("strides", &[1, 1])];
        let mut graph = GraphProto {
            node: vec![
                node("Cast", &["stored"], "taps", &[]),
                node("Relu", &["input"], "a", &[]),
                node("Conv", &["a", "taps"], "b", depthwise),
                node("Relu", &["b"], "c", &[]),
                node("Conv", &["c", "full"], "d", &[("group", &[1])]),
                node("Add", &["a", "d"], "e", &[]),
            ],
            initializer: vec![
                TensorProto { name: Some("stored".into()), dims: vec![4, 1, 3, 3], ..TensorProto::default() },
                TensorProto { name: Some("full".into()), dims: vec![4, 4, 1, 1], ..TensorProto::default() },
            ],
            ..GraphProto::default()
        };
        let cuts = cut(&mut graph);
        assert_eq!(cuts.len(), 1);
        assert_eq!((cuts[0].input.as_str(), cuts[0].output.as_str(), cuts[0].slope), ("a", "c", 0.0));
        assert_eq!(graph.node.len(), 4);
        let plan = Plan::new(&graph, &cuts, &["e"]);
        assert_eq!(plan.takes, [vec!["input"], vec!["a", "c"]]);
        assert_eq!(plan.gives, [vec!["a"], vec!["e"]]);
    }
}
