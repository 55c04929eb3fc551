// One activation on one vector, for the level being compiled; `act` is a constant at each call.
#define vactivate FN(apus_vactivate)

INLINE vf vactivate(const apus_activation act, vf x, float alpha, float beta) {
  switch (act) {
  case APUS_ACT_NONE: return x;
  case APUS_ACT_RELU: return vmax(vset(0.0f), x);
  case APUS_ACT_CLIP: return vmin(vset(beta), vmax(vset(alpha), x));
  case APUS_ACT_LEAKY_RELU: return vselect(x < 0.0f, x * alpha, x);
  case APUS_ACT_ELU: return vselect(x < 0.0f, alpha * vexpm1(x), x);
  case APUS_ACT_SELU: return beta * vselect(x < 0.0f, alpha * vexpm1(x), x);
  case APUS_ACT_SIGMOID: return vsigmoid(x);
  case APUS_ACT_TANH: return vtanh(x);
  case APUS_ACT_SILU: return x * vsigmoid(alpha * x);
  case APUS_ACT_HARD_SIGMOID: return vmin(vset(1.0f), vmax(vset(0.0f), alpha * x + beta));
  case APUS_ACT_HARD_SWISH:
    return x * vmin(vset(1.0f), vmax(vset(0.0f), x * 0.166666667f + 0.5f));
  case APUS_ACT_GELU: return 0.5f * x * (1.0f + verf(x * 0.707106781f));
  case APUS_ACT_GELU_TANH: return x * vsigmoid(1.59576912f * (x + 0.044715f * x * x * x));
  case APUS_ACT_MISH: {
    // tanh(log u) = (u^2 - 1) / (u^2 + 1) with u = 1 + e^x
    vf e = vexp(vmin(vset(20.0f), x));
    vf n = e * (e + 2.0f);
    return x * (n * vreciprocal(n + 2.0f));
  }
  case APUS_ACT_SOFTPLUS: return vsoftplus(x);
  }
  return x;
}
