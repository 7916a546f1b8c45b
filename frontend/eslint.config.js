import js from "@eslint/js";
import compat from "eslint-plugin-compat";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "max-len": ["error", { code: 120, ignoreUrls: true, ignoreTemplateLiterals: true }],
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
      "no-else-return": "error",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  // What reaches a browser: only what the browsers of "browserslist" in package.json know.
  { ...compat.configs["flat/recommended"], files: ["**/js/**"] },
  { files: ["**/js/**"], languageOptions: { globals: globals.browser } },
  { files: ["**/tests/**"], languageOptions: { globals: globals.node } },
];
