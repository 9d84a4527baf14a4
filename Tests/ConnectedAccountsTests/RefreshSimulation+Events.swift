@testable import ConnectedAccounts

/// What callers, users, operators and the machine do.
extension RefreshSimulation {
    mutating func act() {
        let slot = random.below(seats.count)
        let isPresent = seats[slot].isPresent
        switch random.below(100) {
        case 0..<35: demand(slot)
        case 35..<42: logIn(slot)
        case 42..<46 where isPresent: putAgain(slot)
        case 46..<58 where isPresent: toggle(slot)
        case 58..<62 where isPresent: remove(slot)
        case 62..<76: provider.isDown[random.below(provider.isDown.count)].toggle()
        case 76..<84: provider.rejectsApp[random.below(provider.rejectsApp.count)].toggle()
        case 84..<90:
            let app = random.below(provider.rejectsApp.count)
            if random.chance(70) { provider.rejectsApp[app] = false }
            scheduler.appChanged("\(app)")
        case 90..<92:
            // The machine sleeps, and answers wait in its sockets.
            now = now.advanced(by: .seconds(54_000))
            land()
        default: break
        }
    }

    mutating func logIn(_ slot: Int) {
        if !seats[slot].isPresent {
            seats[slot].isPresent = true
            seats[slot].connection += 1
            seats[slot].underWay = 0
            seats[slot].endpoint = random.below(provider.isDown.count)
            // An app belongs to one endpoint.
            let own = provider.rejectsApp.indices.filter { $0 % provider.isDown.count == seats[slot].endpoint }
            seats[slot].app = own[random.below(own.count)]
        }
        seats[slot].login += 1
        seats[slot].grant = provider.grant()
        seats[slot].token = provider.grants[seats[slot].grant].current
        seats[slot].generation += 1
        seats[slot].isAskedFor = false
        seats[slot].wasPaused = false
        seats[slot].standing = ConnectionStanding()
        hold(slot, lifetime: random.chance(10) ? nil : .seconds(random.below(2000)), since: now)
        put(slot)
    }

    /// The configuration was loaded anew: the same tokens.
    mutating func putAgain(_ slot: Int) { put(slot) }

    mutating func put(_ slot: Int) {
        guard let life = seats[slot].standing.life else { return }
        scheduler.put(
            slot, endpoint: "\(seats[slot].endpoint)", app: "\(seats[slot].app)", timing: RefreshTiming(), life: life,
            now: now, jitter: random.unit())
    }

    mutating func toggle(_ slot: Int) {
        seats[slot].standing.isDisabled.toggle()
        seats[slot].wasPaused = true
        if seats[slot].standing.isDisabled {
            scheduler.suspend(slot)
        } else {
            scheduler.resume(slot, jitter: random.unit())
        }
    }

    mutating func remove(_ slot: Int) {
        scheduler.remove(slot)
        seats[slot].isPresent = false
    }

    mutating func demand(_ slot: Int) {
        let answer = scheduler.demand(slot, now: now)
        let seat = seats[slot]
        let isPossible = seat.isPresent && !seat.standing.isDisabled && seat.standing.verdict == nil
        switch answer {
        case .impossible: if isPossible { fail("demand is refused without a reason") }
        case .underway: if !isPossible { fail("demand is met for a connection that must rest") }
        case .notBefore(let instant, _):
            if !isPossible { fail("demand is put off for a connection that must rest") }
            if instant <= now { fail("demand is put off until now") }
        }
        if isPossible { seats[slot].isAskedFor = true }
    }
}
