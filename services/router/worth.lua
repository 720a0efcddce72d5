-- What a customer is worth: the product of the factors of the plan, + - * / only, in this order, as common/plan/worth.c. Part
-- of the library that begins in functions.lua.
do
  local LEAST, MOST = 11, 12 -- in the weights

  local function points_of(text)
    local list = {}
    for x, y in string.gmatch(text, '(%S+):(%S+)') do list[#list + 1] = { tonumber(x), tonumber(y) } end
    return list
  end

  local function interpolated(points, x)
    if not x or #points == 0 then return 1 end
    if x < points[1][1] then return points[1][2] end
    for i = 2, #points do
      local a, b = points[i - 1], points[i]
      if x < b[1] then return a[2] + ((x - a[1]) / (b[1] - a[1])) * (b[2] - a[2]) end
    end
    return points[#points][2]
  end

  local function finite(x)
    return x and x == x and x ~= math.huge and x ~= -math.huge and x or nil
  end

  -- The forms of a number in a text, without the sign: worth.h.
  local FORMS = { '^%d+$', '^%d+%.%d+$', '^%d+[eE][+-]?%d+$', '^%d+%.%d+[eE][+-]?%d+$' }

  local function number_of(c, name)
    if name == 'value' then return finite(tonumber(c.value)) end
    local v = c.profile[name]
    if type(v) == 'number' then return finite(v) end
    if type(v) ~= 'string' or #v > 40 then return nil end
    local bare = string.gsub(v, '^%-', '')
    for _, form in ipairs(FORMS) do
      if string.match(bare, form) then return finite(tonumber(v)) end
    end
    return nil
  end

  local function days_from_civil(y, m, d)
    if m <= 2 then y = y - 1 end
    local era = math.floor(y / 400)
    local yoe = y - era * 400
    local doy = math.floor((153 * (m + (m > 2 and -3 or 9)) + 2) / 5) + d - 1
    return era * 146097 + yoe * 365 + math.floor(yoe / 4) - math.floor(yoe / 100) + doy - 719468
  end

  local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

  local function day_of(y, m, d)
    if m < 1 or m > 12 or d < 1 then return nil end
    local leap = m == 2 and (y % 4 == 0 and y % 100 ~= 0 or y % 400 == 0)
    if d > (leap and 29 or DAYS[m]) then return nil end
    return days_from_civil(y, m, d)
  end

  -- "18:30", perhaps ":05", perhaps ".123", perhaps a zone. Seconds to add to the day in UTC; nil: not of that form.
  local function time_of(text)
    local h, m, rest = string.match(text, '^[Tt ](%d%d):(%d%d)(.*)$')
    if not h or tonumber(h) > 23 or tonumber(m) > 59 then return nil end
    local s, behind = string.match(rest, '^:(%d%d)(.*)$')
    if s then
      rest = string.match(behind, '^%.%d+(.*)$') or behind
      if tonumber(s) > 60 then return nil end
    end
    local seconds = (tonumber(h) * 60 + tonumber(m)) * 60 + tonumber(s or 0)
    if rest == '' or rest == 'Z' or rest == 'z' then return seconds end
    local sign, zh, zm = string.match(rest, '^([+-])(%d%d):(%d%d)$')
    if not sign or tonumber(zh) > 23 or tonumber(zm) > 59 then return nil end
    return seconds - (sign == '+' and 1 or -1) * (tonumber(zh) * 60 + tonumber(zm)) * 60
  end

  -- Seconds since 1970 of a date, or of a number that is so many; nil: neither.
  local function date_of(c, name)
    local v = c.profile[name]
    local y, m, d, rest = string.match(type(v) == 'string' and v or '', '^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$')
    local days = y and day_of(tonumber(y), tonumber(m), tonumber(d))
    local seconds = days and (rest == '' and 0 or time_of(rest))
    if seconds then return days * 86400 + seconds end
    return number_of(c, name)
  end

  local factor_kinds = {
    figure = function(f, c) return interpolated(points_of(f[4]), number_of(c, f[3])) end,
    age = function(f, c)
      local at = date_of(c, f[3])
      return interpolated(points_of(f[4]), at and (c.now - at * 1000) / 86400000)
    end,
    lifetime = function(f, c)
      local x, keeps = number_of(c, f[3]), tonumber(f[5]) or number_of(c, f[5])
      if not x or not keeps or keeps < 0 or keeps > 1 then return 1 end
      local sum, power = 0, 1
      for _ = 1, tonumber(f[6]) or 0 do sum, power = sum + x * power, power * keeps end
      return interpolated(points_of(f[4]), sum)
    end,
    tag = function(f, c)
      return string.find(c.tags, '|' .. f[3] .. '|', 1, true) and tonumber(f[4]) or 1
    end,
    is = function(f, c)
      local v = c.profile[f[3]]
      if type(v) == 'boolean' then v = tostring(v) end
      return v == f[5] and tonumber(f[4]) or 1
    end,
  }

  -- tags "|vip|gold|", value text, profile JSON text; false when there is none.
  function plans.worth(p, tags, value, profile, now)
    if #p.factors == 0 then return 1 end
    local ok, read = pcall(cjson.decode, profile and profile ~= '' and profile or '{}')
    local c = { tags = tags or '', value = value, profile = ok and type(read) == 'table' and read or {}, now = now }
    local worth = 1
    for _, f in ipairs(p.factors) do
      local kind = factor_kinds[f[2]]
      if kind then worth = worth * kind(f, c) end
    end
    return worth
  end

  -- ln of worth × 2^((5 - priority) / 2), clamped as the weights say.
  function plans.ln_value(p, worth, priority)
    local v = worth * 2 ^ ((5 - (tonumber(priority) or 5)) / 2)
    if not (v > p.weights[LEAST]) then v = p.weights[LEAST] end
    return math.log(v < p.weights[MOST] and v or p.weights[MOST])
  end
end
