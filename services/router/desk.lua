-- The desk definition: the one in force, and those before it. Part of the library that begins in functions.lua.
do
  local KEPT, KEPT_BYTES = 1000, 64 * 1024 * 1024 -- of versions; the one in force stays in any case

  -- Numbers of versions, the latest first.
  local function numbers(tag)
    local names = {}
    for _, name in ipairs(call('HKEYS', tag .. ':desk:documents')) do
      if match(name, '^%d+$') then names[#names + 1] = name end
    end
    table.sort(names, function(a, b) return tonumber(a) > tonumber(b) end)
    return names
  end

  -- Forgets the oldest of more than are kept. What it looks at is bounded by that.
  local function forget_old(tag, in_force)
    local documents, kept, bytes = tag .. ':desk:documents', 0, 0
    for _, name in ipairs(numbers(tag)) do
      bytes, kept = bytes + call('HSTRLEN', documents, name), kept + 1
      if name ~= in_force and (kept > KEPT or bytes > KEPT_BYTES) then
        call('HDEL', documents, name)
        call('HDEL', tag .. ':desk:applied', name)
        call('HDEL', tag .. ':desk:by', name)
      end
    end
  end

  -- desk_apply {tag}  now version expected document by : the document, as this version, counts from now on. Answers OK and
  -- the version in force; STALE and the version in force, when that is not `expected`. A document that is in force already
  -- is OK with its version, whatever was expected, and changes nothing: who lost the answer asks again. `by`: who says so
  -- over the API, or ''.
  local function desk_apply(keys, args)
    local tag, now, version, expected, document, by = keys[1], args[1], args[2], args[3], args[4], args[5] or ''
    local current = call('GET', tag .. ':desk') or '0'
    if call('HGET', tag .. ':desk:documents', current) == document then return { 'OK', current } end
    if current ~= expected then return { 'STALE', current } end
    call('HSET', tag .. ':desk:documents', version, document)
    call('HSET', tag .. ':desk:applied', version, now)
    if by ~= '' then call('HSET', tag .. ':desk:by', version, by) else call('HDEL', tag .. ':desk:by', version) end
    call('SET', tag .. ':desk', version)
    journal(tag, { type = 'desk', desk = version, at = now, evidence = by })
    forget_old(tag, version)
    return { 'OK', version }
  end

  -- desk_versions {tag}  now most : the latest first; of each its number, when it was applied, bytes, who, 1 in force.
  local function desk_versions(keys, args)
    local tag, names, rows = keys[1], numbers(keys[1]), {}
    local current = call('GET', tag .. ':desk')
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
