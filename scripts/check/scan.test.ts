import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scan } from "./scan.ts";

const code = (text: string): string => scan(text).code.replace(/ +/g, " ").trim();
const comments = (text: string): string => scan(text).comments.trim();

test("comments go to comments, code to code", () => {
  assert.equal(code("a(); // b()\nc();"), "a(); \nc();");
  assert.equal(comments("a(); // b()"), "// b()");
  assert.equal(code("a /* b */ + c"), "a + c");
  assert.equal(comments("/* one\ntwo */ a"), "/* one\ntwo */");
});

test("text of strings is blanked, also where it looks like a comment or a quote", () => {
  assert.equal(code(`a("// no comment"); b`), `a(" "); b`);
  assert.equal(code(`a('it\\'s'); b`), `a(' '); b`);
  assert.equal(comments(`a("http://example.org/*")`), "");
});

test("code within a template is code, its text is not", () => {
  assert.equal(code("`x ${f({ a: 1 })} Date.now ${g(`y ${h}`)} z` + k"), "` {f({ a: 1 })} {g(` {h}`)} ` + k");
});

test("regular expressions are blanked, divisions are not", () => {
  assert.equal(code("const a = /['\"`]/g; b()"), "const a = / /g; b()");
  assert.equal(code("return /[/]\\//.test(x)"), "return / /.test(x)");
  assert.equal(code("a / b / c"), "a / b / c");
  assert.equal(code("(a + b) / c; 'd'"), "(a + b) / c; ' '");
});

test("both results keep length and lines, whatever the text", () => {
  const piece = fc.constantFrom("`", "${", "}", "{", '"', "'", "/", "//", "/*", "*/", "\\", "\n", "a", " ", "(", ")", "[", "]");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      const result = scan(text);
      for (const part of [result.code, result.comments]) {
        assert.equal(part.length, text.length);
        assert.deepEqual(part.split("\n").map((line) => line.length), text.split("\n").map((line) => line.length));
      }
    }),
  );
});
