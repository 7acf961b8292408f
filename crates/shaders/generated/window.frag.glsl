#version 300 es

precision highp float;
precision highp int;

struct Present {
    vec4 view_x;
    vec4 view_y;
    ivec4 image;
    vec4 modality;
    vec4 voi;
    ivec4 luts;
    vec4 padding;
};
struct Corner {
    vec4 position;
    vec2 out_px;
};
layout(std140) uniform Present_block_0Fragment { Present _group_0_binding_0_fs; };

uniform highp usampler2D _group_0_binding_1_fs;

smooth in vec2 _vs2fs_location0;
layout(location = 0) out vec4 _fs2p_location0;

uvec4 texel(ivec2 at) {
    ivec4 _e3 = _group_0_binding_0_fs.image;
    ivec2 last = (_e3.xy - ivec2(1, 1));
    uvec4 _e15 = texelFetch(_group_0_binding_1_fs, min(max(at, ivec2(0, 0)), last), 0);
    return _e15;
}

float stored(uint bits) {
    int kind = _group_0_binding_0_fs.image.z;
    if ((kind == 1)) {
        return float((int((bits << 24u)) >> 24u));
    }
    if ((kind == 3)) {
        return float((int((bits << 16u)) >> 16u));
    }
    if ((kind == 5)) {
        return float(int(bits));
    }
    if ((kind == 6)) {
        return uintBitsToFloat(bits);
    }
    return float(bits);
}

bool is_padding(float value_1) {
    bool local_3 = false;
    bool local_4 = false;
    float _e4 = _group_0_binding_0_fs.padding.z;
    if ((_e4 > 0.5)) {
        float _e12 = _group_0_binding_0_fs.padding.x;
        local_3 = (value_1 >= _e12);
    } else {
        local_3 = false;
    }
    bool _e15 = local_3;
    if (_e15) {
        float _e21 = _group_0_binding_0_fs.padding.y;
        local_4 = (value_1 <= _e21);
    } else {
        local_4 = false;
    }
    bool _e24 = local_4;
    return _e24;
}

float to_display(float y) {
    float value_3 = 0.0;
    value_3 = y;
    float _e5 = _group_0_binding_0_fs.view_y.w;
    if ((_e5 > 0.5)) {
        value_3 = (255.0 - y);
    }
    float _e10 = value_3;
    return (clamp(floor((_e10 + 0.5)), 0.0, 255.0) / 255.0);
}

vec2 share(ivec2 at_2, uint shift, float weight_1) {
    uvec4 _e3 = texel(at_2);
    float value_4 = float((int((_e3.x << shift)) >> shift));
    float _e12 = _group_0_binding_0_fs.padding.z;
    float _e16 = _group_0_binding_0_fs.padding.x;
    float _e22 = _group_0_binding_0_fs.padding.y;
    float padded = ((_e12 * step(_e16, value_4)) * step(value_4, _e22));
    float kept = (weight_1 * (1.0 - padded));
    float _e31 = _group_0_binding_0_fs.modality.x;
    float _e36 = _group_0_binding_0_fs.modality.y;
    return vec2((((value_4 * _e31) + _e36) * kept), kept);
}

void main() {
    vec2 out_px_1 = _vs2fs_location0;
    float own = 1.0;
    float _e4 = _group_0_binding_0_fs.view_x.x;
    float _e10 = _group_0_binding_0_fs.view_x.y;
    float _e17 = _group_0_binding_0_fs.view_x.z;
    float x_1 = (((_e4 * out_px_1.x) + (_e10 * out_px_1.y)) + _e17);
    float _e22 = _group_0_binding_0_fs.view_y.x;
    float _e28 = _group_0_binding_0_fs.view_y.y;
    float _e35 = _group_0_binding_0_fs.view_y.z;
    float y_1 = (((_e22 * out_px_1.x) + (_e28 * out_px_1.y)) + _e35);
    vec2 here = vec2(x_1, y_1);
    float linear = _group_0_binding_0_fs.view_x.w;
    vec2 p = (here - (vec2(0.5, 0.5) * linear));
    vec2 low = floor(p);
    vec2 part = ((p - low) * linear);
    ivec2 a = ivec2(low);
    int kind_1 = _group_0_binding_0_fs.image.z;
    uint shift_1 = ((kind_1 == 1) ? 24u : ((kind_1 == 3) ? 16u : 0u));
    vec2 _e71 = share(a, shift_1, ((1.0 - part.x) * (1.0 - part.y)));
    vec2 _e81 = share((a + ivec2(1, 0)), shift_1, (part.x * (1.0 - part.y)));
    vec2 _e92 = share((a + ivec2(0, 1)), shift_1, ((1.0 - part.x) * part.y));
    vec2 _e101 = share((a + ivec2(1, 1)), shift_1, (part.x * part.y));
    vec2 sum = (((_e71 + _e81) + _e92) + _e101);
    float value_5 = (sum.x / sum.y);
    float exact = _group_0_binding_0_fs.voi.z;
    float _e113 = _group_0_binding_0_fs.voi.x;
    float c = (_e113 - (0.5 * (1.0 - exact)));
    float _e122 = _group_0_binding_0_fs.voi.y;
    float w = (_e122 - (1.0 - exact));
    float shown = ((((value_5 - c) / w) + 0.5) * 255.0);
    float _e137 = _group_0_binding_0_fs.view_y.w;
    float turned = mix(shown, (255.0 - shown), _e137);
    float grey = (clamp(floor((turned + 0.5)), 0.0, 255.0) / 255.0);
    ivec4 _e149 = _group_0_binding_0_fs.image;
    vec2 size = vec2(_e149.xy);
    float inside = (((step(0.0, x_1) * step(0.0, y_1)) * (1.0 - step(size.x, x_1))) * (1.0 - step(size.y, y_1)));
    float _e172 = _group_0_binding_0_fs.padding.z;
    if ((_e172 > 0.5)) {
        vec2 _e178 = share(ivec2(floor(here)), shift_1, 1.0);
        own = _e178.y;
    }
    float _e180 = own;
    float lit = (((inside * _e180) > 0.5) ? grey : 0.0);
    _fs2p_location0 = vec4(lit, lit, lit, 1.0);
    return;
}

