-- A cell of the class `predict` answers a question: on a page, what it shows is folded until the reader has an answer.
local function is_output(block)
  return block.t=="Div" and block.classes:find_if(function(c) return c:match("^cell%-output") end)
end

function Div(el)
  if not FORMAT:match("html") or not el.classes:includes("predict") then return nil end
  local content,shown = pandoc.Blocks{},pandoc.Blocks{}
  for _,block in ipairs(el.content) do (is_output(block) and shown or content):insert(block) end
  if #shown==0 then return nil end
  content:insert(pandoc.RawBlock("html", '<details class="answer"><summary>What comes out?</summary>'))
  content:extend(shown)
  content:insert(pandoc.RawBlock("html", "</details>"))
  el.content = content
  return el
end
