//! The syntax tree of a file: `use` statements, types, templates, and which lines are tests.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, ItemUse, Lit, UseTree, Visibility};

use super::{Code, Text, Use, UseLeaf, line, resolve, word};

#[derive(Default)]
pub(super) struct SyntaxTree {
    pub(super) code: Code,
    /// The scopes that are open, and how many there have been.
    scopes: Vec<usize>,
    scopes_so_far: usize,
    /// The modules of the file that are open.
    modules: Vec<String>,
    /// The modules that the file declares.
    children: Vec<String>,
    functions_open: usize,
}

impl SyntaxTree {
    pub(super) fn read(file: &syn::File) -> Self {
        let mut tree = Self::default();
        tree.visit_file(file);
        tree
    }

    /// The paths of the names that the file declares or imports.
    pub(super) fn aliases(&self, module: &[String]) -> HashMap<String, Vec<String>> {
        let children = self.children.iter().map(|child| {
            let path = [module, std::slice::from_ref(child)].concat();
            (child.clone(), path)
        });
        let imported = self.code.uses.iter().flat_map(|statement| {
            let module = [module, &statement.inside].concat();
            let leaves = statement.leaves.iter();
            leaves.map(move |leaf| {
                let path = resolve(&leaf.path, &module, &HashMap::new());
                (leaf.name.clone(), path)
            })
        });
        children.chain(imported).collect()
    }

    fn enter_scope(&mut self) {
        self.scopes_so_far += 1;
        self.scopes.push(self.scopes_so_far);
    }

    /// A type inside a function is the function's own.
    fn add_type(&mut self, name: &Ident) {
        if self.functions_open == 0 {
            self.code.types.push(Text {
                text: name.to_string(),
                line: line(name.span()),
            });
        }
    }

    fn mark_test(&mut self, item: &impl Spanned, attributes: &[Attribute]) {
        if attributes.iter().any(is_cfg_test) {
            let span = item.span();
            self.code
                .test_lines
                .push(span.start().line..=span.end().line);
        }
    }
}

impl<'ast> Visit<'ast> for SyntaxTree {
    fn visit_item(&mut self, item: &'ast Item) {
        self.mark_test(item, item_attributes(item));
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.mark_test(function, &function.attrs);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        if item.ident == "TEMPLATE"
            && let Expr::Lit(value) = &item.expr
            && let Lit::Str(text) = &value.lit
        {
            self.code.templates.push(Text {
                text: text.value(),
                line: line(text.span()),
            });
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if self.modules.is_empty() {
            self.children.push(word(&module.ident));
        }
        self.enter_scope();
        self.modules.push(word(&module.ident));
        visit::visit_item_mod(self, module);
        self.modules.pop();
        self.scopes.pop();
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.enter_scope();
        self.functions_open += 1;
        visit::visit_block(self, block);
        self.functions_open -= 1;
        self.scopes.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut statement = Use {
            scope: self.scopes.last().copied(),
            inside: self.modules.clone(),
            visibility: visibility(&item.vis),
            has_attributes: !item.attrs.is_empty(),
            modules: Vec::new(),
            has_glob: false,
            leaves: Vec::new(),
            lines: line(item.use_token.span)..=line(item.semi_token.span),
        };
        statement.add(&item.tree, &[]);
        statement.modules.sort();
        statement.modules.dedup();
        self.code.uses.push(statement);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add_type(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add_type(&item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add_type(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add_type(&item.ident);
        visit::visit_item_trait(self, item);
    }
}

fn visibility(visibility: &Visibility) -> String {
    match visibility {
        Visibility::Public(_) => "pub".to_owned(),
        Visibility::Restricted(within) => {
            let parts = within.path.segments.iter();
            let parts: Vec<String> = parts.map(|part| word(&part.ident)).collect();
            format!("pub(in {})", parts.join("::"))
        }
        Visibility::Inherited => String::new(),
    }
}

impl Use {
    fn add(&mut self, tree: &UseTree, module: &[String]) {
        match tree {
            UseTree::Path(path) => {
                self.add(&path.tree, &[module, &[word(&path.ident)]].concat());
            }
            UseTree::Name(name) => self.add_leaf(module, &name.ident, &name.ident),
            UseTree::Rename(rename) => self.add_leaf(module, &rename.ident, &rename.rename),
            UseTree::Glob(_) => {
                self.has_glob = true;
                self.modules.push(module.join("::"));
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add(tree, module);
                }
            }
        }
    }

    fn add_leaf(&mut self, module: &[String], ident: &Ident, name: &Ident) {
        self.modules.push(module.join("::"));
        let is_module_itself = ident == "self";
        let own = if is_module_itself {
            vec![]
        } else {
            vec![word(ident)]
        };
        let path = [module, &own].concat();
        let name = if name == "self" {
            path.last().cloned()
        } else {
            Some(word(name))
        };
        self.leaves.push(UseLeaf {
            path,
            name: name.unwrap_or_default(),
        });
    }
}

fn item_attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    let list = attribute.meta.require_list();
    list.is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
}
