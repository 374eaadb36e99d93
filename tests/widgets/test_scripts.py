"""What pages get of a script: less text, the same program."""

import re

import pytest
from hepml_widgets.core.shorten import _Scopes, shortened, tokens_of

from hepml_widgets.core import scripts

MODULES = sorted(path.parent.name for path in scripts.PACKAGE.glob("*/view.js"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("text = 'a // b';  // words\n", "text='a // b';"),
        ("/* two\nlines */ f(1 - -x, y + +z, i++ + ++j);", "f(1- -x,y+ +z,i++ + ++j);"),
        ("f(/[/}'\"]+/g, a / b / c, `it's ${ { a: `}` }.a } // here`);",
         "f(/[/}'\"]+/g,a/b/c,`it's ${{a:`}`}.a} // here`);"),
        ("const f = (long) => { return long?.long ?? .5; };", "let a=a=>{return a?.long??.5};"),
        ("f(({ key, other = key, name: mine }) => ({ key, mine, other: [other] }));",
         "f(({key:a,other:b=a,name:c})=>({key:a,mine:c,other:[b]}));"),
        ("let [first, ...rest] = list, next = g(first, d);\nnext();",
         "let[a,...c]=list,b=g(a,d);b();"),
        ("function top(one) { if (one) { return -one; }\n two(one); }\n",
         "function $a(a){if(a){return-a}\ntwo(a)}"),
        ("f({ get own() { return this.own; }, set(name) { this[name] = 0.5; } });",
         "f({get own(){return this.own},set(a){this[a]=.5}});"),
        ("class View extends Base { #own = 1; read(value) { this.#own = value; } static of() {} }",
         "class View extends Base{#own=1;read(a){this.#own=a}static of(){}}"),
        ("try { f(); } catch (error) { g(error.error); } finally { h(); }",
         "try{f()}catch(a){g(a.error)}finally{h()}"),
        ("switch (x) { case y: return y ? x : z; default: f({ x: y ? x : z }); }",
         "switch(x){case y:return y?x:z;default:f({x:y?x:z})}"),
    ],
)  # fmt: skip
def test_less_text_says_the_same(text, wanted):
    assert shortened(text, {"View": "View", "top": "$a"}) == wanted


def test_a_hidden_name_is_not_the_one_outside():
    text = (
        "function draw(line, x) { if (x) { const top = line(x); return top; } return top(line); }"
    )
    short = "function draw(a,b){if(b){let c=a(b);return c}return $a(a)}"
    assert shortened(text, {"draw": "draw", "line": "$b", "top": "$a"}) == short


def test_short_names_never_meet_what_is_read_from_outside():
    assert shortened("const f = (one) => a(b, one, c);", {"f": "f"}) == "let f=d=>a(b,d,c);"


def test_names_are_used_again_where_they_are_free():
    text = "f((one) => { g(one); h((two) => two, (three) => one); });"
    assert shortened(text) == "f(a=>{g(a);h(a=>a,b=>a)});"


def test_declarations_go_on_with_those_before():
    text = (
        "{ const a = true; let b = a; if (b) { f(a); const c = false; const d = c; g(d); } "
        "const e = b; for (let i = 0; i < e; i += 1) { const j = i; f(j); } const k = e; f(k); }"
    )
    short = (
        "{let a=!0,b=a;if(b){f(a);let c=!1,d=c;g(d)}let e=b;for(let i=0;i<e;i+=1){let j=i;f(j)}"
        "let k=e;f(k)}"
    )
    assert re.sub(r"\b[a-z]\b", "x", shortened(text)) == re.sub(r"\b[a-z]\b", "x", short)


def test_more_names_than_letters():
    names = [f"name{i}" for i in range(120)]
    short = shortened(f"function f({', '.join(names)}) {{ return [{', '.join(names)}]; }}")
    found = re.findall(r"\w+", re.search(r"\((.*?)\)", short)[1])
    assert len(set(found)) == 120
    assert not {"do", "if", "in", "of"} & set(found)


PROGRAM = r"""(seed) => {
  const out = [];   // what it says
  class Pile {
    #kept = []; count = 0;
    add(value, { weight = value, note: text = `w ${weight}` } = {}) {
      this.#kept.push({ value, weight, text }); this.count += 1; return this;
    }
    get total() { return this.#kept.reduce((sum, { weight }) => sum + weight, 0); }
  }
  const pile = new Pile().add(1).add(2, { weight: seed / 2 / 2, note: "no // comment" });
  const some = { a: 1, 'b': [2, 3], c: { value: 4 } };
  for (const [key, value] of Object.entries(some)) out.push(key, value);
  out.push(pile.total, pile.count, `${`${seed}`.replace(/[0-9}]/g, "}")}`);
  out.push(seed - -seed, seed++ + +seed);
  let [total, ...rest] = [5, 6, 7], text = rest.map((value, i) => value * i);
  function recursive(n) { return n > 0 ? n + recursive(n - 1) : 0 }
  for (let i = 0; i < 3; i += 1) { if (i === 1) continue; out.push(i); }
  try { null.total; } catch (error) { out.push(error instanceof TypeError); }
  const object = {
    total, text, get rest() { return rest; }, recursive(n) { return recursive(n); },
  };
  return [out, object.total, object.text, object.rest, object.recursive(4), /\/[/]"/.test('/"')];
}"""


@pytest.mark.browser
def test_a_shortened_program_does_the_same(page):
    short = shortened(PROGRAM)
    assert len(short) < 0.75 * len(PROGRAM)
    assert page.evaluate(short, 9) == page.evaluate(PROGRAM, 9)


@pytest.mark.parametrize("module", MODULES)
def test_every_declaration_has_one_name(module):
    """What is declared two at once, or without a name, could neither be left out nor kept."""
    text = scripts._read(f"{module}.js")
    heads = re.findall(
        r"^(?:export )?(?:async )?(?:const|let|var|function|class) .*", text, re.MULTILINE
    )
    assert heads
    assert [head for head in heads if not scripts._TOP.match(head)] == []


def empty_statements(text):
    """Positions of semicolons that are a whole statement: before a brace they would be lost."""
    uses = _Scopes([(*token, "") for token in tokens_of(text) if token[0] != "space"], {})
    heads = {i: uses.words[start - 1] for i, start in uses.opener.items()}
    ends = [i for i, word in enumerate(uses.words) if word == ";"]
    return [
        i for i in ends if uses.words[i - 1] == "else" or heads.get(i - 1) in {"if", "for", "while"}
    ]


@pytest.mark.parametrize("module", MODULES)
def test_no_statement_is_empty(module):
    assert empty_statements("{ for (;;); } { while (f(1)); } { if (a) b(); else; }") != []
    assert empty_statements(scripts._read(f"{module}.js")) == []


def test_all_scripts_together_are_light():
    """Bytes that pages get of the nine widgets, what they share counted once; 60 kB were wanted."""
    sizes = {module: len(scripts.own_part(module).encode()) for module in MODULES}
    assert sum(sizes.values()) <= 104_000, sizes
    shared = sizes["plot"] + sizes["stats"]
    assert max(sizes[one] for one in sizes.keys() - {"plot", "stats"}) + shared <= 60_000
