extension Segment where Memory: ~Copyable {
    /// What is to be put in order once a whole log has been read without an error.
    struct Repairs {
        /// Live records of which a later one exists: a crash came between writing that and wiping this.
        var superseded: [RecordIndex.Place] = []
        /// Damaged stretches, and bodies whose wiping a crash cut short. At most one for each record that was written.
        var stains: [Range<Int>] = []
        /// How far the log reached, as far as the header can tell.
        var extent: Int?
    }

    /// Fills the index from the log.
    mutating func scan(_ repairs: inout Repairs) throws(VaultError) {
        let everything = 0..<header.size
        repairs.extent = memory.withBytes(everything) { header.extent(in: $0) }
        var scanner = RecordScanner(end..<(repairs.extent ?? header.size), salt: header.salt)
        while true {
            let finding = try memory.withBytes(everything) { log throws(VaultError) in try scanner.next(in: log) }
            guard let finding else { return }
            take(finding, &repairs)
        }
    }

    private mutating func take(_ finding: RecordScanner.Finding, _ repairs: inout Repairs) {
        switch finding {
        case .live(let record, let offset):
            reach(record, at: offset)
            admit(record, at: offset, &repairs)
        case .wiped(let record, let offset, let isClean):
            reach(record, at: offset)
            if !isClean { repairs.stains.append(RecordIndex.Place(record, at: offset).body) }
        case .damaged(let range):
            dropped += 1
            repairs.stains.append(range)
        }
    }

    private mutating func reach(_ record: RecordHeader, at offset: Int) {
        end = offset + record.recordLength
        lastSequence = max(lastSequence, record.sequence)
    }

    /// Puts a live record into the index, unless one of its kind and key with a higher sequence number is there.
    private mutating func admit(_ record: RecordHeader, at offset: Int, _ repairs: inout Repairs) {
        let place = RecordIndex.Place(record, at: offset)
        liveBytes += place.recordLength
        let hash = memory.withBytes(place.key) { Self.hash(kind: place.kind, key: $0) }
        let rival = memory.withBytes(place.key) { handle(kind: place.kind, key: $0, hash: hash) }
        guard let rival, let other = index[rival] else {
            _ = index.insert(place, hash: hash)
            return
        }
        if sequence(at: other) > record.sequence {
            repairs.superseded.append(place)
        } else {
            index.move(rival, to: place)
            repairs.superseded.append(other)
        }
    }

    private func sequence(at place: RecordIndex.Place) -> UInt64 {
        memory.withBytes(place.record) { $0.word(at: 16) }
    }

    /// Wipes first, and only then says that the log ends earlier, so that a crash in between leaves nothing beyond its
    /// end.
    mutating func repair(_ repairs: Repairs) {
        for place in repairs.superseded { retire(place) }
        for range in repairs.stains { memory.wipe(range) }
        if repairs.extent != end { header.writeExtent(end, to: &memory) }
    }
}

extension RecordIndex.Place {
    init(_ record: RecordHeader, at offset: Int) {
        self.init(
            offset: offset, kind: record.kind, keyLength: record.keyLength, payloadLength: record.payloadLength)
    }
}
