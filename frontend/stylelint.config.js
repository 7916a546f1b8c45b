// Features that the browsers of "browserslist" in package.json do not all have, and what a page is like without.
const WITHOUT = [
  "css-content-visibility", // details that are folded stay folded on paper
  "css-has", // a chosen decision has its dot and no frame
  "css-paged-media", // the browser's own paper size
  "css-resize", // on a phone nobody pulls at a text field
  "css-text-wrap-balance", // a heading breaks where it may
  "text-size-adjust", // a phone on its side may enlarge the letters
  "extended-system-fonts", // a plain monospace face
  "field-sizing", // a text on paper is as high as on the screen
];

// Spaces and sizes that have a name in tokens.css go by it.
const NAMED = {
  "/^(margin|padding|(row-|column-)?gap)/": ["/\\b(4|8|12|16|24|32)px/"],
  "font-size": ["/\\b(13|14|16|18|20|24)px/"],
  "/radius$/": ["/\\b[46]px/"],
};

export default {
  extends: "stylelint-config-standard",
  plugins: ["stylelint-no-unsupported-browser-features", "stylelint-value-no-unknown-custom-properties"],
  reportNeedlessDisables: true,
  rules: {
    "csstools/value-no-unknown-custom-properties": [true, { importFrom: ["frontend/css/tokens.css"] }],
    "plugin/no-unsupported-browser-features": [true, { ignore: WITHOUT, ignorePartialSupport: true }],
    "color-hex-length": "long", // as the tests of contrast read it
    "font-family-no-missing-generic-family-keyword": [true, { ignoreFontFamilies: ["bpmn"] }], // signs: none stands in
    "no-descending-specificity": null, // files follow the page, part by part: a rule stands beside what it is about
    "color-named": "never",
    "color-no-hex": true,
    "declaration-property-value-disallowed-list": [NAMED, { message: "tokens.css has a name for it" }],
    "import-notation": "string",
    "media-feature-range-notation": "prefix", // (width >= 576px) is Safari's only from 16.4 on
    // Safari of iPhones knows no other.
    "property-no-vendor-prefix": [true, { ignoreProperties: ["-webkit-text-size-adjust"] }],
    "selector-class-pattern": null, // states and kinds carry their names from Python: mark-not_taken, kind-long_text
  },
  overrides: [{ files: ["**/tokens.css"], rules: { "color-no-hex": null } }], // the one place where colours are
};
