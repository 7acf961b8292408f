//! Gated GELU.

use crate::lanes::exp::gelu_tanh;
use crate::lanes::{Lanes, Product, Work};

/// Lanes of the widest register.
const WIDEST: usize = 16;

/// `gate = gelu_tanh(gate) * up`.
pub(super) struct Gate<'a> {
    pub(super) gate: &'a mut [f32],
    pub(super) up: &'a [f32],
}

impl Work for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let l = p.lanes();
        let n = P::L::N;
        let whole = self.gate.len() - self.gate.len() % n;
        let (gate, gate_rest) = self.gate.split_at_mut(whole);
        let (up, up_rest) = self.up.split_at(whole);
        for (gate, up) in gate.chunks_exact_mut(n).zip(up.chunks_exact(n)) {
            let v = l.mul(gelu_tanh(l, l.read(gate)), l.read(up));
            l.write(v, gate);
        }
        // The rest goes through a register too: the same number gives the same result wherever it stands.
        let mut rest = [0.0; WIDEST];
        rest[..gate_rest.len()].copy_from_slice(gate_rest);
        let v = gelu_tanh(l, l.read(&rest));
        l.write(v, &mut rest);
        for ((gate, up), v) in gate_rest.iter_mut().zip(up_rest).zip(rest) {
            *gate = v * up;
        }
    }
}
