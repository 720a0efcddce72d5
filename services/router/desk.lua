-- The desk definition: the one in force, and those before it. Part of the library that begins in functions.lua.
do
  -- desk_apply {tag}  now version expected document by : the document, as this version, counts from now on. Answers OK and
  -- the version in force; STALE and the version in force, when that is not `expected`. A document that is in force already
  -- is OK once more, whatever was expected: who lost the answer asks again. `by`: who says so over the API, or ''.
  local function desk_apply(keys, args)
    local tag, now, version, expected, document, by = keys[1], args[1], args[2], args[3], args[4], args[5] or ''
    local current = call('GET', tag .. ':desk') or '0'
    if current ~= expected then
      local same = call('HGET', tag .. ':desk:documents', current) == document
      return { same and 'OK' or 'STALE', current }
    end
    call('HSET', tag .. ':desk:documents', version, document)
    call('HSET', tag .. ':desk:applied', version, now)
    if by ~= '' then call('HSET', tag .. ':desk:by', version, by) end
    call('SET', tag .. ':desk', version)
    journal(tag, { type = 'desk', desk = version, at = now, evidence = by })
    return { 'OK', version }
  end

  -- desk_versions {tag}  now most : the latest first; of each its number, when it was applied, bytes, who, 1 in force.
  local function desk_versions(keys, args)
    local tag, names, rows = keys[1], {}, {}
    local current = call('GET', tag .. ':desk')
    for _, name in ipairs(call('HKEYS', tag .. ':desk:documents')) do
      if match(name, '^%d+$') then names[#names + 1] = name end
    end
    table.sort(names, function(a, b) return tonumber(a) > tonumber(b) end)
    for n = 1, math.min(#names, tonumber(args[2])) do
      local name = names[n]
      rows[n] = { name, call('HGET', tag .. ':desk:applied', name) or '',
        tostring(call('HSTRLEN', tag .. ':desk:documents', name)), call('HGET', tag .. ':desk:by', name) or '',
        name == current and '1' or '0' }
    end
    return rows
  end

  register('desk_apply', desk_apply)
  register('desk_versions', desk_versions, { 'no-writes' })
end
