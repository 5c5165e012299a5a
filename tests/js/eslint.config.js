import js from "@eslint/js";

/** Text reaches the page as text: whatever a rating holds, it is never read as markup or code. */
const markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((name) => ({
  selector: `MemberExpression[property.name='${name}']`,
  message: `${name} reads text as markup: use textContent or createElement`,
}));

export default [
  { ignores: ["**/vendor/**", "**/node_modules/**"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off", // tsc knows what a browser has
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-restricted-syntax": ["error", ...markup],
      "no-implied-eval": "error",
      "no-console": "error",
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: ["error", "always"],
      curly: ["error", "multi-line"],
      "no-shadow": "error",
      "no-param-reassign": "error",
      "max-lines": ["error", 500],
      "max-lines-per-function": ["error", { max: 80, skipComments: true, skipBlankLines: true }],
      complexity: ["error", 14],
    },
  },
  { files: ["**/*.test.js"], rules: { "max-lines-per-function": "off" } },
];
