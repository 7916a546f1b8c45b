import js from "@eslint/js";
import compat from "eslint-plugin-compat";
import globals from "globals";

// Layout is prettier's. What reaches a browser calls only what the browsers of "browserslist" in package.json know.
export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "max-len": ["error", { code: 120, ignoreTemplateLiterals: true }], // of comments and texts, which prettier leaves
      "max-lines": ["error", { max: 600, skipBlankLines: true, skipComments: true }],
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  { ...compat.configs["flat/recommended"], files: ["**/js/**"] },
  { files: ["**/js/**"], languageOptions: { globals: globals.browser } },
  { files: ["**/tests/**"], languageOptions: { globals: globals.node } },
];
