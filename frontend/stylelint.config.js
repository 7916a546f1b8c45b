export default {
  extends: "stylelint-config-standard",
  plugins: ["stylelint-no-unsupported-browser-features", "stylelint-value-no-unknown-custom-properties"],
  reportNeedlessDisables: true,
  rules: {
    "plugin/no-unsupported-browser-features": [true, { severity: "error", ignorePartialSupport: true }],
    "csstools/value-no-unknown-custom-properties": [true, { importFrom: ["frontend/css/tokens.css"] }],
  },
};
