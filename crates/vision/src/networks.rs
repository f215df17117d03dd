//! The five embedded networks, each loaded when it is first asked.

mod depthwise;
mod staged;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use rten::ThreadPool;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::error::VisionError;
use staged::Staged;

/// Side of the crop that the landmark network reads.
pub const MESH_SIDE: usize = 256;
/// Side of the input and of the output of the parts and person networks.
pub const PARTS_SIDE: usize = 256;
/// Side of the input and of the output of the salient-object network.
pub const SALIENT_SIDE: usize = 320;

/// Threads of one run. Two cost 4 % more processor time than one (parts network), and halve the wait when a core is idle.
const RUN_THREADS: usize = 2;

/// The networks and the threads they run on. One value serves a whole process and all its threads.
///
/// Each run is split over two threads whatever the machine has, because the runtime's rounding depends on their number;
/// several runs go on side by side.
pub struct Networks {
    lanes: Lanes,
    detect: Network<3>,
    landmarks: Network<2>,
    parts: Network<1>,
    person: Network<1>,
    salient: Network<1>,
}

impl Networks {
    /// Networks of which up to `threads` (0 counts as 1) run at the same time. Nothing is loaded yet.
    pub fn new(threads: usize) -> Self {
        Self {
            lanes: Lanes::new(threads),
            detect: Network::new(
                "face_detect",
                include_bytes!("../weights/face_detect.onnx"),
                ["loc", "conf", "landmarks"],
            ),
            landmarks: Network::new(
                "face_landmarks",
                include_bytes!("../weights/face_landmarks.onnx"),
                ["landmarks", "presence"],
            ),
            parts: Network::new("person_parts", include_bytes!("../weights/person_parts.onnx"), ["logits"]),
            person: Network::new("person_mask", include_bytes!("../weights/person_mask.onnx"), ["mask"]),
            salient: Network::new(
                "salient_object",
                include_bytes!("../weights/salient_object.onnx"),
                ["mask"],
            ),
        }
    }

    /// Loads all of them now, so that the first picture need not wait for it. What cannot be loaded says so when it is
    /// asked.
    pub fn load(&self) {
        self.detect.ready().ok();
        self.landmarks.ready().ok();
        self.parts.ready().ok();
        self.person.ready().ok();
        self.salient.ready().ok();
    }

    /// How many runs can go on at the same time.
    pub fn threads(&self) -> usize {
        self.lanes.pools.len()
    }

    /// RetinaFace on planar B, G, R values minus (104, 117, 123): box offsets (4 an anchor), class
    /// probabilities (2 an anchor, the second is "face") and point offsets (10 an anchor).
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn detect(&self, bgr: Vec<f32>, width: usize, height: usize) -> Result<[Vec<f32>; 3], VisionError> {
        self.detect.run(bgr, [3, height, width], &self.lanes)
    }

    /// Face mesh on a planar R, G, B crop of [`MESH_SIDE`]², 0 to 1: 478 × (x, y, z) in crop pixels, and
    /// the presence logit.
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn landmarks(&self, rgb: Vec<f32>) -> Result<[Vec<f32>; 2], VisionError> {
        self.landmarks.run(rgb, [3, MESH_SIDE, MESH_SIDE], &self.lanes)
    }

    /// Parts of persons on a planar R, G, B picture of [`PARTS_SIDE`]², -1 to 1: six planes of logits.
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn parts(&self, rgb: Vec<f32>) -> Result<Vec<f32>, VisionError> {
        self.parts.run(rgb, [3, PARTS_SIDE, PARTS_SIDE], &self.lanes).map(|[logits]| logits)
    }

    /// Persons on a planar R, G, B picture of [`PARTS_SIDE`]², 0 to 1: one plane, 0 to 1.
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn person(&self, rgb: Vec<f32>) -> Result<Vec<f32>, VisionError> {
        self.person.run(rgb, [3, PARTS_SIDE, PARTS_SIDE], &self.lanes).map(|[mask]| mask)
    }

    /// The main object on a planar, ImageNet-normalised R, G, B picture of [`SALIENT_SIDE`]²: one plane, 0 to 1.
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn salient(&self, rgb: Vec<f32>) -> Result<Vec<f32>, VisionError> {
        self.salient.run(rgb, [3, SALIENT_SIDE, SALIENT_SIDE], &self.lanes).map(|[mask]| mask)
    }
}

/// Pools of [`RUN_THREADS`], each for one run at a time.
struct Lanes {
    pools: Vec<Mutex<OnceLock<Arc<ThreadPool>>>>,
    next: AtomicUsize,
}

impl Lanes {
    fn new(threads: usize) -> Self {
        Self { pools: (0..threads.max(1)).map(|_| Mutex::default()).collect(), next: AtomicUsize::new(0) }
    }

    /// Runs `work` with a free pool, or waits for one. The wait happens on a thread of its own: a caller inside a
    /// work-stealing pool must not take up other work here, which might ask for the very answer being made.
    fn run<T: Send>(&self, work: impl FnOnce(Arc<ThreadPool>) -> T + Send) -> T {
        let in_lane = || {
            let lane = self.take();
            let pool = lane.get_or_init(|| Arc::new(ThreadPool::with_num_threads(RUN_THREADS)));
            work(Arc::clone(pool))
        };
        std::thread::scope(|scope| match scope.spawn(in_lane).join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    fn take(&self) -> MutexGuard<'_, OnceLock<Arc<ThreadPool>>> {
        for lane in &self.pools {
            match lane.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.pools.len();
        self.pools[turn].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One network with `N` outputs of interest.
struct Network<const N: usize> {
    name: &'static str,
    weights: &'static [u8],
    outputs: [&'static str; N],
    loaded: OnceLock<Result<Staged, VisionError>>,
}

impl<const N: usize> Network<N> {
    const fn new(name: &'static str, weights: &'static [u8], outputs: [&'static str; N]) -> Self {
        Self { name, weights, outputs, loaded: OnceLock::new() }
    }

    fn run(&self, input: Vec<f32>, shape: [usize; 3], lanes: &Lanes) -> Result<[Vec<f32>; N], VisionError> {
        let failed = |reason: String| VisionError::Run { network: self.name, reason };
        let network = self.ready()?;
        let input = NdTensor::from_data([1, shape[0], shape[1], shape[2]], input);
        let tensors = lanes.run(|pool| network.run(input, &pool)).map_err(failed)?;
        let mut outputs: [Vec<f32>; N] = std::array::from_fn(|_| Vec::new());
        for (output, tensor) in outputs.iter_mut().zip(tensors) {
            *output = tensor.to_vec();
        }
        Ok(outputs)
    }

    fn ready(&self) -> Result<&Staged, VisionError> {
        let load = || Staged::load(self.weights, &self.outputs);
        let failed = |reason| VisionError::Load { network: self.name, reason };
        self.loaded.get_or_init(|| load().map_err(failed)).as_ref().map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    const GOLDEN: &str = include_str!("../weights/golden.json");

    fn pattern(network: &serde_json::Value, scale: impl Fn(usize, f32) -> f32) -> (Vec<f32>, [usize; 3]) {
        let shape: Vec<usize> = network["input"]
            .as_array()
            .expect("input shape")
            .iter()
            .map(|v| v.as_u64().expect("number") as usize)
            .collect();
        let [channels, height, width] = [shape[1], shape[2], shape[3]];
        let mut input = Vec::with_capacity(channels * height * width);
        for c in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    input.push(scale(c, ((x * (c + 1) + 2 * y) % 256) as f32 / 255.0));
                }
            }
        }
        (input, [channels, height, width])
    }

    fn assert_golden<const N: usize>(network: &Network<N>, scale: impl Fn(usize, f32) -> f32) {
        let golden: serde_json::Value = serde_json::from_str(GOLDEN).expect("golden.json parses");
        let golden = &golden[network.name];
        let (input, shape) = pattern(golden, scale);
        let outputs = network.run(input, shape, &Lanes::new(1)).expect("network runs");
        for (name, output) in network.outputs.iter().zip(&outputs) {
            let range = output.iter().fold(0.0f32, |m, v| m.max(v.abs())).max(1.0);
            for sample in golden["outputs"][name]["samples"].as_array().expect("samples") {
                let index = sample[0].as_u64().expect("index") as usize;
                let want = sample[1].as_f64().expect("value") as f32;
                let got = output[index];
                assert!(
                    (got - want).abs() <= 1e-3 * range,
                    "{} {name}[{index}]: {got}, not {want}",
                    network.name
                );
            }
        }
    }

    #[test]
    fn every_network_gives_its_golden_answers() {
        let networks = Networks::new(1);
        assert_golden(&networks.detect, |c, v| v * 255.0 - [104.0, 117.0, 123.0][c]);
        assert_golden(&networks.landmarks, |_, v| v);
        assert_golden(&networks.parts, |_, v| v * 2.0 - 1.0);
        assert_golden(&networks.person, |_, v| v);
        assert_golden(&networks.salient, |c, v| (v - [0.485, 0.456, 0.406][c]) / [0.229, 0.224, 0.225][c]);
    }

    #[test]
    fn embedded_weights_are_the_listed_ones() {
        let networks = Networks::new(1);
        let listed = include_str!("../weights/SHA256SUMS");
        let embedded = [
            (networks.detect.name, networks.detect.weights),
            (networks.landmarks.name, networks.landmarks.weights),
            (networks.parts.name, networks.parts.weights),
            (networks.person.name, networks.person.weights),
            (networks.salient.name, networks.salient.weights),
        ];
        assert_eq!(listed.lines().count(), embedded.len());
        for (name, weights) in embedded {
            let digest: String = Sha256::digest(weights).iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(listed.contains(&format!("{digest}  {name}.onnx")), "{name} is not the listed file");
        }
    }

    #[test]
    fn one_thread_and_three_give_the_same_bits() {
        let input: Vec<f32> = (0..3 * MESH_SIDE * MESH_SIDE).map(|i| (i % 251) as f32 / 250.0).collect();
        assert!(Networks::new(1).landmarks(input.clone()) == Networks::new(3).landmarks(input.clone()));
        let signed: Vec<f32> = input.iter().map(|v| v * 2.0 - 1.0).collect();
        assert!(Networks::new(1).parts(signed.clone()) == Networks::new(3).parts(signed));
    }

    #[test]
    fn more_callers_than_lanes_all_get_the_same_answer() {
        let networks = Networks::new(2);
        let input = vec![0.5; 3 * PARTS_SIDE * PARTS_SIDE];
        let first = networks.person(input.clone()).expect("runs");
        std::thread::scope(|scope| {
            let runs: Vec<_> = (0..5).map(|_| scope.spawn(|| networks.person(input.clone()))).collect();
            for run in runs {
                assert!(run.join().expect("no panic").expect("runs") == first);
            }
        });
    }

    #[test]
    fn damaged_weights_are_a_typed_error() {
        let network = Network::<1>::new("broken", b"not a network", ["mask"]);
        let error = network.run(vec![0.0; 3], [3, 1, 1], &Lanes::new(1)).expect_err("no model");
        assert!(matches!(error, VisionError::Load { network: "broken", .. }), "{error}");
    }
}
